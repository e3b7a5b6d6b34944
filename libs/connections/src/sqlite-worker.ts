import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { FromWorker, SqlRequest, ToWorker, WorkerSettings } from "./sqlite-messages.ts";
import { SqliteGroup } from "./sqlite-group.ts";

/** The thread that owns a database: takes all messages that wait, serves them as one group, answers. */
const port = parentPort;
if (port === null) throw new Error("sqlite-worker runs as a worker thread only");

const group = new SqliteGroup(workerData as WorkerSettings);
const answer = (message: FromWorker) => port.postMessage(message);

port.on("message", (first: ToWorker) => {
  const messages = [first, ...waiting()];
  const requests = messages.flatMap((message): readonly SqlRequest[] =>
    message.kind === "requests" ? message.requests : [],
  );
  if (requests.length > 0) answer({ kind: "answers", answers: group.serve(requests) });
  if (messages.some((message) => message.kind === "close")) {
    group.close();
    port.close();
  }
});
answer({ kind: "open" });

function* waiting(): Generator<ToWorker> {
  if (port === null) return;
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    yield next.message as ToWorker;
  }
}
