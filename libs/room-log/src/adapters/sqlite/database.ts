/** What this adapter needs of a database. Whoever wires the service gives it one that is open. */
export interface SqliteDatabase {
  /** All steps or nothing, in one transaction; results in the steps' order, after the commit. */
  write(steps: readonly SqlStep[]): Promise<readonly SqlResult[]>;
  read(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface SqlStep {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

export interface SqlResult {
  readonly rows: readonly SqlRow[];
  readonly changes: number;
}

/** `busy`: not attempted. `full`: nothing stored. `failed`: a write may be stored or not. */
export type SqliteFailure = "busy" | "full" | "failed";

const failures: Readonly<Record<string, SqliteFailure>> = {
  SqliteBusyError: "busy",
  SqliteFullError: "full",
  SqliteFailedError: "failed",
};

/** How the database failed, known by the error's name; `undefined` for an error that is none of the database's. */
export const failureOf = (error: unknown): SqliteFailure | undefined =>
  error instanceof Error ? failures[error.name] : undefined;
