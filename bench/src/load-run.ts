import { fork } from "node:child_process";
import { join } from "node:path";
import type { ServerProcess } from "@parley/testing";
import { CpuMeter, type CpuUse } from "./cpu-meter.ts";
import type { FanoutFigures, LoadReport, LoadTask, SendFigures } from "./load-task.ts";

const loadProgram = join(import.meta.dirname, "load-process.ts");

interface FiguresOf {
  readonly fanout: FanoutFigures;
  readonly sends: SendFigures;
}
export type Outcome<Kind extends LoadTask["kind"]> = FiguresOf[Kind] & { readonly cpu: CpuUse };

/** Runs one task in a process of its own and counts what the server's process used in the task's window. */
export async function runLoad<Kind extends LoadTask["kind"]>(
  task: Extract<LoadTask, { readonly kind: Kind }>,
  server: ServerProcess,
): Promise<Outcome<Kind>> {
  const child = fork(loadProgram, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const meter = new CpuMeter(server);
  let figures: object | undefined;
  let measured: Promise<void> = Promise.resolve();
  child.on("message", (report: LoadReport) => {
    if (report.kind === "windowOpens") measured = meter.start();
    else if (report.kind === "windowCloses") measured = measured.then(() => meter.stop());
    else figures = report.figures;
  });
  const ended = new Promise<number | null>((done) => {
    child.once("exit", (code) => done(code));
  });
  try {
    child.send(task);
    const code = await ended;
    await measured;
    if (figures === undefined || meter.use === undefined) {
      throw new Error(
        `the load process ended with ${code} before its figures\n${server.output.slice(-2_000)}`,
      );
    }
    return { ...figures, cpu: meter.use } as Outcome<Kind>;
  } finally {
    child.kill("SIGKILL");
  }
}
