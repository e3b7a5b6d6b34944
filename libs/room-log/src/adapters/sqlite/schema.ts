import type { SqliteDatabase } from "./database.ts";
import { numberIn } from "./rows.ts";
import * as statements from "./statements.ts";

/** The log was made for another number of partitions: its rooms would be looked for where they are not. */
export class PartitionsChangedError extends Error {
  override readonly name = "PartitionsChangedError";
  readonly retryable = false;

  constructor(stored: number, asked: number) {
    super(
      `the log was made with ${stored} partitions and cannot be opened with ${asked}: their number is fixed for life`,
    );
  }
}

export interface LogFounding {
  readonly database: SqliteDatabase;
  readonly partitions: number;
  readonly archivedEpoch: number | undefined;
}

/** Makes what is missing and returns the log's epoch. Throws `PartitionsChangedError`. */
export async function openLog({ database, partitions, archivedEpoch }: LogFounding): Promise<number> {
  const epoch = (archivedEpoch ?? 0) + 1;
  const results = await database.write([
    ...statements.tables.map((sql) => ({ sql, params: [] })),
    { sql: statements.makeMeta, params: [partitions, epoch] },
    { sql: statements.readMeta, params: [] },
  ]);
  const meta = new Map(results.at(-1)?.rows.map((row) => [row["name"], numberIn(row, "value")]));
  const stored = meta.get("partitions");
  if (stored !== partitions) throw new PartitionsChangedError(stored ?? 0, partitions);
  return meta.get("epoch") ?? epoch;
}
