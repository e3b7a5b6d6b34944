import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import {
  applyChanges,
  type ClientStorage,
  itemsOf,
  type StorageChange,
  type StoredItem,
} from "../storage.ts";

/** The journal is rewritten when it has this many lines more than there are items. */
const deadLinesMax = 1_000;

/**
 * A storage in one file, for programs on Node: a journal of JSON lines, each one write, synced before it counts.
 *
 * After a crash a torn last line is ignored: that write had not been confirmed. A write that failed may have left a torn
 * line too: before the next one the journal is written anew, so nothing is ever appended to a torn line. One process at a
 * time.
 */
export class FileStorage implements ClientStorage {
  readonly #path: string;
  readonly #items: Map<string, string>;
  #file: FileHandle;
  #lines: number;
  /** Whether the journal's end may be torn. */
  #torn = false;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, opened: Opened) {
    this.#path = path;
    this.#items = opened.items;
    this.#file = opened.file;
    this.#lines = opened.items.size;
  }

  /** Opens or creates the file at `path`, and its folder. Rejects with the error of the file system. */
  static async open(path: string): Promise<FileStorage> {
    await mkdir(dirname(path), { recursive: true });
    const items = readJournal(await readFile(path, "utf8").catch(absent));
    return new FileStorage(path, { items, file: await rewrite(path, items) });
  }

  async read(prefix: string): Promise<readonly StoredItem[]> {
    await this.#last.catch(() => undefined);
    return itemsOf(this.#items, prefix);
  }

  write(changes: readonly StorageChange[]): Promise<void> {
    const written = this.#last.catch(() => undefined).then(() => this.#append(changes));
    this.#last = written;
    return written;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#file.close();
  }

  async #append(changes: readonly StorageChange[]): Promise<void> {
    if (this.#torn) await this.#compact();
    this.#torn = true;
    await this.#file.appendFile(`${JSON.stringify(changes)}\n`);
    await this.#file.datasync();
    this.#torn = false;
    applyChanges(this.#items, changes);
    this.#lines += 1;
    // The change is stored whether or not this works out; a journal that stays long is tried again with the next one.
    if (this.#lines > this.#items.size + deadLinesMax) await this.#compact().catch(() => undefined);
  }

  async #compact(): Promise<void> {
    const compacted = await rewrite(this.#path, this.#items);
    const before = this.#file;
    this.#file = compacted;
    this.#lines = this.#items.size;
    this.#torn = false;
    await before.close().catch(() => undefined);
  }
}

interface Opened {
  readonly items: Map<string, string>;
  readonly file: FileHandle;
}

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

function readJournal(text: string): Map<string, string> {
  const items = new Map<string, string>();
  const lines = text.split("\n");
  // What follows the last line feed is empty, or a write that a crash tore.
  for (const line of lines.slice(0, -1)) applyChanges(items, JSON.parse(line) as readonly StorageChange[]);
  return items;
}

/** Replaces the journal at once by one that holds only `items`; the new one is open for appending. */
async function rewrite(path: string, items: ReadonlyMap<string, string>): Promise<FileHandle> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    const lines = [...items].map(([key, json]) => `[{"key":${JSON.stringify(key)},"value":${json}}]\n`);
    await file.appendFile(lines.join(""));
    await file.datasync();
    await rename(`${path}.new`, path);
    await syncFolder(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Without this a power cut may bring the replaced journal back, and with it lose all that was appended since. Not every
 * system syncs folders; those that do not keep a rename by themselves.
 */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
