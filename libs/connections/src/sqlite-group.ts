import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  SqlAnswer,
  SqlFault,
  SqlRequest,
  SqlResult,
  SqlStep,
  WorkerSettings,
} from "./sqlite-messages.ts";

/** Texts of statements kept prepared. Adapters have some dozens; a text made per call would only cost its preparation. */
const preparedMax = 512;

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

/**
 * Serves groups of requests, each group in one transaction, each request in a savepoint of it.
 *
 * A request sees what those before it wrote, committed or not; that is sound because no answer leaves before the commit.
 */
export class SqliteGroup {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor({ file, busyTimeoutMs }: WorkerSettings) {
    this.#database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  }

  /** One answer a request, in order. When the commit fails, all of them are its failure. */
  serve(requests: readonly SqlRequest[]): readonly SqlAnswer[] {
    try {
      this.#run("BEGIN IMMEDIATE");
      const answers = requests.map((request) => this.#attempt(request));
      this.#run("COMMIT");
      return answers;
    } catch (error) {
      if (this.#database.isTransaction) this.#run("ROLLBACK");
      const fault = faultOf(error);
      return requests.map(() => ({ ok: false, fault }));
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Throws when the failure took the whole transaction with it, as a full disk or a failing one does. */
  #attempt({ steps }: SqlRequest): SqlAnswer {
    this.#run("SAVEPOINT request");
    try {
      const results = steps.map((step) => this.#step(step));
      this.#run("RELEASE request");
      return { ok: true, results };
    } catch (error) {
      if (!this.#database.isTransaction) throw error;
      this.#run("ROLLBACK TO request");
      this.#run("RELEASE request");
      return { ok: false, fault: faultOf(error) };
    }
  }

  #run(sql: string): void {
    this.#prepare(sql).statement.run();
  }

  #step({ sql, params }: SqlStep): SqlResult {
    const { statement, returnsRows } = this.#prepare(sql);
    if (returnsRows) return { rows: statement.all(...params), changes: 0 };
    return { rows: [], changes: Number(statement.run(...params).changes) };
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (this.#prepared.size >= preparedMax) this.#prepared.clear();
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/** node:sqlite's errors carry SQLite's extended result code as `errcode`; its low byte is the primary one. */
function faultOf(error: unknown): SqlFault {
  if (!(error instanceof Error)) return { code: 0, message: String(error) };
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
  return { code, message: error.message };
}
