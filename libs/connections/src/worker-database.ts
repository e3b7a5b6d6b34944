import type { Worker } from "node:worker_threads";
import type {
  FromWorker,
  SqlAnswer,
  SqlFault,
  SqlRequest,
  SqlResult,
  SqlRow,
  SqlStep,
  SqlValue,
  ToWorker,
} from "./sqlite-messages.ts";

/** Too many requests wait; this one was not attempted. */
export class SqliteBusyError extends Error {
  override readonly name = "SqliteBusyError";
  readonly retryable = true;
}

/** The disk, or the file's largest size, is used up. Nothing of the request was stored. */
export class SqliteFullError extends Error {
  override readonly name = "SqliteFullError";
  readonly retryable = true;
}

/** The database failed; `cause` says how. A write that fails so may be stored or not. */
export class SqliteFailedError extends Error {
  override readonly name = "SqliteFailedError";
  readonly retryable = false;
}

/**
 * One SQLite file, owned by one worker thread: the event loop never waits for the disk.
 *
 * Requests are served in the order asked and answered in it. All that wait go together into one transaction, so many
 * writers share one flush of the disk (group commit); an answer is given only after it.
 */
export interface SqliteDatabase extends AsyncDisposable {
  /**
   * Runs the steps, all or nothing; results in the steps' order. One request that fails leaves the others of its group alone,
   * unless the commit they share fails.
   *
   * Rejects with `SqliteBusyError`, `SqliteFullError` or `SqliteFailedError`.
   */
  write(steps: readonly SqlStep[]): Promise<readonly SqlResult[]>;

  /** What one statement returns, after everything asked before it. Rejects as `write` does. */
  read(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]>;

  /** Answers what waits, then closes the file and ends the thread. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** `SQLITE_FULL`, https://www.sqlite.org/rescode.html */
const sqliteFull = 13;

interface Waiting {
  readonly resolve: (results: readonly SqlResult[]) => void;
  readonly reject: (reason: Error) => void;
}

/** The side of a worker's database that callers talk to. */
export class WorkerDatabase implements SqliteDatabase {
  readonly #worker: Worker;
  readonly #file: string;
  readonly #pendingMax: number;
  readonly #exited: Promise<void>;
  /** Asked and not answered, oldest first; `#unsent` are the last of them. */
  #waiting: Waiting[] = [];
  #unsent: SqlRequest[] = [];
  #ended: SqliteFailedError | undefined;

  constructor(worker: Worker, file: string, pendingMax: number) {
    this.#worker = worker;
    this.#file = file;
    this.#pendingMax = pendingMax;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "answers") this.#settle(message.answers);
    });
    worker.on("error", (cause: unknown) => {
      this.#end(new SqliteFailedError(`the thread of ${file} died`, { cause }));
    });
    worker.on("exit", () => {
      this.#end(new SqliteFailedError(`${file} is closed`));
      resolve();
    });
  }

  async write(steps: readonly SqlStep[]): Promise<readonly SqlResult[]> {
    if (this.#ended) throw this.#ended;
    if (this.#waiting.length >= this.#pendingMax) {
      throw new SqliteBusyError(`${this.#waiting.length} requests wait for ${this.#file}`);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // Requests of one turn travel as one message: a message costs more than most statements.
      if (this.#unsent.length === 0) queueMicrotask(() => this.#send());
      this.#unsent.push({ steps: steps.map(sendable) });
    });
  }

  async read(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const [result] = await this.write([{ sql, params }]);
    return result?.rows ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= new SqliteFailedError(`${this.#file} is closed`);
    this.#send();
    this.#post({ kind: "close" });
    await this.#exited;
  }

  #send(): void {
    const requests = this.#unsent;
    if (requests.length === 0) return;
    this.#unsent = [];
    this.#post({ kind: "requests", requests });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #settle(answers: readonly SqlAnswer[]): void {
    const settled = this.#waiting.splice(0, answers.length);
    for (const [index, answer] of answers.entries()) {
      const waiting = settled[index];
      if (answer.ok) waiting?.resolve(answer.results);
      else waiting?.reject(this.#errorOf(answer.fault));
    }
  }

  #errorOf(fault: SqlFault): SqliteFullError | SqliteFailedError {
    if (fault.code === sqliteFull) return new SqliteFullError(`${this.#file} is full: ${fault.message}`);
    return new SqliteFailedError(`${this.#file}: ${fault.message}`, { cause: fault });
  }

  #end(reason: SqliteFailedError): void {
    this.#ended ??= reason;
    this.#unsent = [];
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }
}

/** A view into a larger buffer would be sent with all of the buffer. */
const exact = (value: SqlValue): SqlValue =>
  value instanceof Uint8Array && value.byteLength !== value.buffer.byteLength
    ? Uint8Array.from(value)
    : value;

const sendable = ({ sql, params }: SqlStep): SqlStep => ({ sql, params: params.map(exact) });
