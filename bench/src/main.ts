/**
 * What a send costs and what a delivery costs, next to a stock Socket.IO server on the same machine in the same run.
 *
 *     npm run bench                         about three minutes
 *     npm run bench -- --quick              about one; the figures scatter more
 *     npm run bench -- --write              also puts the figures into docs/performance.md
 *     npm run bench -- --members 500 --rounds 6 --seconds 8
 *
 * Everything listens on loopback and ends with the run.
 */
import { parseArgs } from "node:util";
import { ServerProcess, temporaryFolder } from "@parley/testing";
import { compareFanout, type Comparison } from "./compare.ts";
import { perfCounts } from "./cpu-meter.ts";
import { runLoad } from "./load-run.ts";
import { benchEnvironment, crowdedRoom, senderRooms } from "./parley-room.ts";
import { asMarkdown, describeRun, type NamedSends, writeResult, writeSection } from "./result.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    members: { type: "string", default: "1000" },
    rounds: { type: "string" },
    seconds: { type: "string" },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const windowMs = Number(values.seconds ?? (values.quick ? 3 : 6)) * 1_000;
const members = Number(values.members);

const sendLoads = [
  { name: "one at a time", senders: 1, rooms: 1 },
  { name: "one busy room", senders: 48, rooms: 1 },
  { name: "many rooms", senders: 48, rooms: 16 },
] as const;

async function measureSends(server: ServerProcess): Promise<NamedSends[]> {
  const measured: NamedSends[] = [];
  for (const load of sendLoads) {
    const { rooms, tokens } = await senderRooms(server.url, load);
    const task = {
      kind: "sends",
      url: server.url,
      rooms,
      tokens,
      textBytes: 200,
      warmUpMs: 1_000,
      windowMs,
    } as const;
    const { cpu, ...figures } = await runLoad<"sends">(task, server);
    const perSecond = (figures.acknowledged * 1_000) / figures.windowMs;
    const cpuMicrosPerSend = (cpu.cpuSeconds * 1e6) / figures.acknowledged;
    measured.push({ ...load, ...figures, perSecond, cpuMicrosPerSend });
    console.log(`  ${JSON.stringify(measured.at(-1))}`);
  }
  return measured;
}

await using folder = await temporaryFolder();
await using parley = await ServerProcess.start({ dataDir: folder.path, env: benchEnvironment });
await using stock = await ServerProcess.start({
  dataDir: folder.path,
  program: ["bench/src/stock-server.ts"],
});

console.log("sends acknowledged");
const sends = await measureSends(parley);

const { room, tokens } = await crowdedRoom(parley.url, members);
const fanout: Comparison[] = [];
for (const messagesPerTick of [1, 10]) {
  console.log(`deliveries in a room of ${members}, ${messagesPerTick} in a tick`);
  const servers = { parley, stock };
  fanout.push(await compareFanout({ servers, room, tokens, messagesPerTick, rounds, windowMs }));
}

const unit = perfCounts() ? ("instructions" as const) : ("CPU µs" as const);
const result = { ...(await describeRun()), unit, sends, fanout };
console.log(`\n${asMarkdown(result)}`);
console.log(`kept in ${await writeResult(result)}`);
if (values.write) await writeSection(result);
