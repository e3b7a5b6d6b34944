/** Columns that are written together, guarded by the stamp in a column of their own. */
export interface ColumnGroup {
  readonly stamp: string;
  readonly columns: readonly string[];
}

/**
 * An INSERT whose parameters are the keys, then for each group its stamp and its columns. Of a row that is there it
 * replaces only the groups whose stamp it exceeds; a group that a write does not carry has stamp 0 and so changes nothing.
 */
export function guardedUpsert(
  table: string,
  keys: readonly string[],
  groups: readonly ColumnGroup[],
): string {
  const columns = [...keys, ...groups.flatMap(({ stamp, columns: guarded }) => [stamp, ...guarded])];
  const sets = groups.flatMap(({ stamp, columns: guarded }) => [
    ...guarded.map((name) => `${name} = iif(excluded.${stamp} > ${stamp}, excluded.${name}, ${name})`),
    `${stamp} = max(${stamp}, excluded.${stamp})`,
  ]);
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${sets.join(", ")}`;
}
