/** A program with this argument first can be asked by `liveHeapBytes`. */
export const inspectorArgument = "--inspect=127.0.0.1:0";

const inspectorLine = /Debugger listening on (ws:\S+)/u;

/**
 * What a process really holds: the heap of its main thread after its garbage was collected, with the buffers it holds
 * outside of it, in bytes. Asked over the protocol of V8's inspector, whose address the process writes at its start.
 */
export async function liveHeapBytes(output: string): Promise<number> {
  const address = inspectorLine.exec(output)?.[1];
  if (address === undefined) throw new Error("the process was not started with an inspector");
  const socket = new WebSocket(address);
  try {
    await new Promise<void>((done, fail) => {
      socket.addEventListener("open", () => done());
      socket.addEventListener("error", () => fail(new Error(`no inspector at ${address}`)));
    });
    // Twice: what is freed by the first may have held more.
    await ask(socket, "HeapProfiler.collectGarbage");
    await ask(socket, "HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await ask(socket, "Runtime.getHeapUsage");
    return (usedSize ?? Number.NaN) + (backingStorageSize ?? 0);
  } finally {
    socket.close();
  }
}

function ask(socket: WebSocket, method: string): Promise<Readonly<Record<string, number>>> {
  const id = Math.floor(Math.random() * 2 ** 30);
  return new Promise((done, fail) => {
    const listen = ({ data }: MessageEvent) => {
      const answer = JSON.parse(String(data)) as {
        readonly id?: number;
        readonly result?: Record<string, number>;
      };
      if (answer.id !== id) return;
      socket.removeEventListener("message", listen);
      if (answer.result === undefined) fail(new Error(`${method}: ${String(data)}`));
      else done(answer.result);
    };
    socket.addEventListener("message", listen);
    socket.addEventListener("close", () => fail(new Error(`${method}: the process has gone`)));
    socket.send(JSON.stringify({ id, method }));
  });
}
