import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { CpuSeconds, ServerProcess } from "@parley/testing";

export interface CpuUse {
  /** User and system time of all threads, from /proc/<pid>/stat, which counts hundredths of a second. */
  readonly cpuSeconds: number;
  /** The part of it that was spent in the process's own code, and not in the kernel's. */
  readonly userSeconds: number;
  /** Counted by `perf stat`; absent where the machine does not let it. */
  readonly instructions: number | undefined;
}

/** Whether `perf stat` can count instructions here: virtual machines often have no such counter. */
export function perfCounts(): boolean {
  const { status, stderr } = spawnSync("perf", ["stat", "-x", ",", "-e", "instructions", "true"], {
    encoding: "utf8",
  });
  return status === 0 && /^\d+,/mu.test(stderr);
}

/** What a server's process uses between `start` and `stop`. */
export class CpuMeter {
  use: CpuUse | undefined;
  readonly #server: ServerProcess;
  #before: CpuSeconds = { user: 0, system: 0 };
  #perf: ChildProcess | undefined;
  #perfOutput = "";

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async start(): Promise<void> {
    if (perfCounts()) {
      this.#perf = spawn("perf", ["stat", "-x", ",", "-e", "instructions", "-p", String(this.#server.pid)], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      this.#perf.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
        this.#perfOutput += chunk;
      });
    }
    this.#before = await this.#server.cpuSeconds();
  }

  async stop(): Promise<void> {
    const { user, system } = await this.#server.cpuSeconds();
    const userSeconds = user - this.#before.user;
    const cpuSeconds = userSeconds + system - this.#before.system;
    this.use = { cpuSeconds, userSeconds, instructions: await this.#instructions() };
  }

  async #instructions(): Promise<number | undefined> {
    const perf = this.#perf;
    if (perf === undefined) return undefined;
    const ended = new Promise<void>((done) => perf.once("close", () => done()));
    perf.kill("SIGINT");
    await ended;
    const counted = /^(\d+),/mu.exec(this.#perfOutput)?.[1];
    return counted === undefined ? undefined : Number(counted);
  }
}
