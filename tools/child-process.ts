import { spawn, type ChildProcessByStdio, type SpawnOptions } from "node:child_process";
import type { Readable } from "node:stream";

export interface Finished {
  /** Exit code; undefined when a signal ended the process. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** Both streams as they came, for a reader. */
  readonly output: string;
}

/** Runs a Node program to its end and never rejects for its exit code: a failing check is an answer. */
export const runNode = (args: readonly string[], cwd: string): Promise<Finished> =>
  finish(spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] }));

/** The same for a line that a shell reads. */
export const runLine = (line: string, options: Pick<SpawnOptions, "cwd" | "env">): Promise<Finished> =>
  finish(spawn(line, { ...options, shell: true, stdio: ["ignore", "pipe", "pipe"] }));

function finish(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Finished> {
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? undefined, stdout, output }));
  });
}
