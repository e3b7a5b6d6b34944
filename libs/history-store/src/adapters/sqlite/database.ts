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

/** Whether the database failed, known by the error's name; any other error is a bug. */
export const isDatabaseFailure = (error: unknown): boolean =>
  error instanceof Error && ["SqliteBusyError", "SqliteFullError", "SqliteFailedError"].includes(error.name);
