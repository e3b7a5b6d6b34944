/** What a statement takes and gives. Integers beyond 2^53 go in as bigint; none may come out. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One statement. Its text is the key under which it stays prepared: values belong into `params`. */
export interface SqlStep {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

export interface SqlResult {
  /** What the statement returned; empty for one that returns nothing. */
  readonly rows: readonly SqlRow[];
  /** Rows changed by a statement that returns none, else 0. */
  readonly changes: number;
}

/** One request, all of it or nothing. */
export interface SqlRequest {
  readonly steps: readonly SqlStep[];
}

/** A failure as it crosses the thread: `code` is SQLite's primary result code, 0 when it was not SQLite that failed. */
export interface SqlFault {
  readonly code: number;
  readonly message: string;
}

export type SqlAnswer =
  | { readonly ok: true; readonly results: readonly SqlResult[] }
  | { readonly ok: false; readonly fault: SqlFault };

/** To the worker: requests in order, or the last message. */
export type ToWorker =
  | { readonly kind: "requests"; readonly requests: readonly SqlRequest[] }
  | { readonly kind: "close" };

/** From the worker: that the database is open; the answers to the oldest requests unanswered, in their order. */
export type FromWorker =
  | { readonly kind: "open" }
  | { readonly kind: "answers"; readonly answers: readonly SqlAnswer[] };

export interface WorkerSettings {
  readonly file: string;
  readonly busyTimeoutMs: number;
}
