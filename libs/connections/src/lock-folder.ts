import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Another process works in the folder. */
export class FolderLockedError extends Error {
  override readonly name = "FolderLockedError";
  readonly retryable = false;
  readonly folder: string;
  /** Process id of the holder, when it could be read. */
  readonly holder: number | undefined;

  constructor(folder: string, holder: number | undefined, options: ErrorOptions) {
    super(`${folder} is in use by process ${holder ?? "(unknown)"}; two may not share it`, options);
    this.folder = folder;
    this.holder = holder;
  }
}

/**
 * Takes `folder`, made when missing, for this process until disposed. Rejects with `FolderLockedError` when it is taken.
 *
 * The lock is SQLite's exclusive one on `lock.sqlite`, which the operating system gives back however its holder dies: there is
 * no stale lock to recognise. `lock.pid` only tells people whom to ask. Nothing else may open `lock.sqlite`: POSIX drops a
 * process's locks on a file when the process closes any descriptor of it.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const pidFile = join(folder, "lock.pid");
  const database = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new FolderLockedError(folder, await readPid(pidFile), { cause });
  }
  await writeFile(pidFile, `${process.pid}\n`);
  return {
    async [Symbol.asyncDispose]() {
      await rm(pidFile, { force: true });
      database.close();
    },
  };
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
