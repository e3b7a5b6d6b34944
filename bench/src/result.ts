import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import type { Comparison } from "./compare.ts";
import type { SendFigures } from "./load-task.ts";

const root = resolve(import.meta.dirname, "../..");
const results = join(root, "bench/results");
const document = join(root, "docs/performance.md");

export interface NamedSends extends SendFigures {
  readonly name: string;
  readonly senders: number;
  readonly rooms: number;
  readonly perSecond: number;
  readonly cpuMicrosPerSend: number;
}

export interface BenchResult {
  readonly takenAt: string;
  readonly command: string;
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** What a delivery's work is counted in. */
  readonly unit: "instructions" | "CPU µs";
  readonly sends: readonly NamedSends[];
  readonly fanout: readonly Comparison[];
}

export async function describeRun(): Promise<
  Pick<BenchResult, "takenAt" | "command" | "commit" | "machine" | "versions">
> {
  const stock = JSON.parse(await readFile(join(root, "node_modules/socket.io/package.json"), "utf8")) as {
    readonly version: string;
  };
  return {
    takenAt: new Date().toISOString(),
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(
      " ",
    ),
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${process.platform} ${process.arch}`,
    },
    versions: { node: process.version, "socket.io": stock.version },
  };
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : " with changes");
  } catch {
    return "unknown";
  }
}

/** Says where the result is. */
export async function writeResult(result: BenchResult): Promise<string> {
  await mkdir(results, { recursive: true });
  const file = join(results, `${result.takenAt.replaceAll(/[:.]/gu, "-")}.json`);
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

const begin = "<!-- written by npm run bench -- --write: begin -->";
const end = "<!-- written by npm run bench -- --write: end -->";

/** Replaces the section between the two marks, or appends it; the rest of the document is people's. */
export async function writeSection(result: BenchResult): Promise<void> {
  const before = await readFile(document, "utf8").catch(() => "# Performance\n");
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  const section = `${begin}\n\n${asMarkdown(result)}\n${end}`;
  const text =
    from < 0 || to < from
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, from) + section + before.slice(to + end.length);
  await writeFile(document, text);
}

const fixed = (value: number, digits = 1) => value.toFixed(digits);

export function asMarkdown(result: BenchResult): string {
  const { machine, versions } = result;
  const sends = result.sends.map(
    (one) =>
      `| ${one.name} | ${one.senders} | ${one.rooms} | ${Math.round(one.perSecond)} | ${fixed(one.ackMs.p50)} | ${fixed(one.ackMs.p99)} |`,
  );
  const fanout = result.fanout.map((one) => {
    const work = one.medianInstructions ?? one.medianCpuMicros;
    const user = one.medianUserMicros;
    return `| ${one.messagesPerTick} | ${fixed(work.parley, 2)} | ${fixed(work.stock, 2)} | ${fixed(one.medianRatio, 2)} | ${fixed(user.parley, 2)} | ${fixed(user.stock, 2)} |`;
  });
  return `\`${result.command}\` at commit ${result.commit}, ${result.takenAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB,
Node ${versions["node"]}, Socket.IO ${versions["socket.io"]}. Server and load share the machine. Compare the figures with each other only.

**Sends acknowledged**, one process, every send stored before it is acknowledged:

| load | senders | rooms | sends/s | ack p50 ms | ack p99 ms |
|---|---|---|---|---|---|
${sends.join("\n")}

**Work of one delivery** in a room of ${result.fanout[0]?.members ?? 0} sockets, bodies of 200 bytes, in ${result.unit} of the server's process; median of ${(result.fanout[0]?.rounds.length ?? 0) / 2} rounds
taken in turn. The stock server stores nothing; ours stores each message first. With one message in a tick both make one system
call for each delivery, so where system calls are dear that call is most of the work of both.

| messages in a tick | Parley | stock Socket.IO | stock ÷ Parley | of it outside the kernel, CPU µs: Parley | stock |
|---|---|---|---|---|---|
${fanout.join("\n")}
`;
}
