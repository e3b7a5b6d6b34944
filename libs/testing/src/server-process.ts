import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../../..");
/** Node's arguments for the server. */
export const standalone = ["apps/standalone/src/main.ts"];
const logBytesKept = 64 * 1024;
/** A loaded machine takes long to start a process; a server that is not ready by then is broken. */
const readyDeadlineMs = 60_000;
const exitDeadlineMs = 30_000;

/**
 * Loaded into each server: it ends when the channel to its parent closes, which it does however the parent dies. A test
 * runner kills its workers by signals, after which no handler of theirs runs.
 */
const lifeline = `data:text/javascript,${encodeURIComponent(
  'process.once("disconnect", () => process.kill(process.pid, "SIGKILL")); process.channel?.unref();',
)}`;

export interface ServerOptions {
  readonly dataDir: string;
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Bugs to plant, as `PARLEY_TEST_FAULTS` names them. */
  readonly faults?: readonly string[];
  /** What Node runs, with its arguments, from the root of the repository: the standalone server unless told. */
  readonly program?: readonly string[];
}

/**
 * A server in a process of its own, which does not outlive this one.
 *
 * It listens on a port that the system chooses, so a restarted one has another URL: clients that must find it again go
 * through a `TcpProxy`.
 */
export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the line that says `ready`. */
  readonly readyAfterMs: number;
  readonly #child: ChildProcess;
  readonly #log: ProcessLog;
  readonly #exited: Promise<number | undefined>;

  private constructor(child: ChildProcess, log: ProcessLog, ready: Ready) {
    this.#child = child;
    this.#log = log;
    this.#exited = ready.exited;
    this.url = ready.url;
    this.pid = child.pid ?? 0;
    this.readyAfterMs = ready.afterMs;
  }

  /** Resolves when the server says `ready`. Throws, with the server's last output, when it exits before or takes too long. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const startedMs = performance.now();
    const child = spawnServer(options);
    const exited = new Promise<number | undefined>((done) => {
      child.once("exit", (code) => done(code ?? undefined));
      child.once("error", () => done(undefined));
    });
    const log = new ProcessLog(child);
    const url = await readyUrl(child, log, exited);
    return new ServerProcess(child, log, { exited, url, afterMs: performance.now() - startedMs });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#log.text;
  }

  /** Resolves with the exit code, `undefined` when a signal ended it. */
  get exited(): Promise<number | undefined> {
    return this.#exited;
  }

  /** `kill -9`: nothing of the process gets to run again. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Asks it to end and resolves with its exit code; kills it when it does not. */
  async stop(): Promise<number | undefined> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), exitDeadlineMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Memory in use, in bytes. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  /** Files, sockets and pipes that it has open. */
  async openHandles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  /** CPU time used so far by all its threads, in its own code and in the kernel's; the kernel counts hundredths. */
  async cpuSeconds(): Promise<CpuSeconds> {
    const stat = await readFile(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { user: Number(fields[11]) / 100, system: Number(fields[12]) / 100 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.kill();
  }
}

export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

interface Ready {
  readonly exited: Promise<number | undefined>;
  readonly url: string;
  readonly afterMs: number;
}

class ProcessLog {
  text = "";
  readonly #waiting = new Set<(text: string) => void>();

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.text = (this.text + chunk).slice(-logBytesKept);
        for (const look of this.#waiting) look(this.text);
      });
    }
  }

  /** Resolves with what `find` finds in the output, now or when it comes. */
  find<Found>(find: (text: string) => Found | undefined): Promise<Found> {
    return new Promise((done) => {
      const look = (text: string) => {
        const found = find(text);
        if (found === undefined) return;
        this.#waiting.delete(look);
        done(found);
      };
      this.#waiting.add(look);
      look(this.text);
    });
  }
}

function spawnServer({ dataDir, env = {}, faults = [], program = standalone }: ServerOptions): ChildProcess {
  return spawn(process.execPath, ["--import", lifeline, ...program], {
    cwd: repository,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      // A server refuses variables it does not know, and the tests' own are of that kind.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_"))),
      // Set by the test runner; the server is not under test in that sense.
      NODE_ENV: undefined,
      NODE_OPTIONS: undefined,
      PARLEY_HOST: "127.0.0.1",
      PARLEY_PORT: "0",
      PARLEY_DATA_DIR: dataDir,
      PARLEY_TEST_FAULTS: faults.length === 0 ? undefined : faults.join(","),
      ...env,
    },
  });
}

const readyLine = /\bready\b.*?(https?:\/\/[\d.:[\]a-z-]+)/u;

async function readyUrl(
  child: ChildProcess,
  log: ProcessLog,
  exited: Promise<number | undefined>,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(done, readyDeadlineMs, undefined);
  });
  const url = await Promise.race([
    log.find((text) => readyLine.exec(text)?.[1]),
    late,
    exited.then(() => undefined),
  ]);
  clearTimeout(timer);
  if (url !== undefined) return url;
  child.kill("SIGKILL");
  throw new Error(`the server did not become ready:\n${log.text}`);
}

/** A folder of one's own that is removed at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "parley-test-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
