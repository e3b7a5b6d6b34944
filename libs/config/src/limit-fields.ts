import { type Field, integer } from "./field.ts";

/** A row of the limits table, as plain data. */
export interface LimitRow {
  readonly default: number;
  readonly max: number;
  readonly unit: string;
}

/**
 * One integer field for each limit, from 1 to its `max`, under the limit's own name:
 * `limitFields(limitTable, limitVariable)`.
 */
export function limitFields<Name extends string>(
  table: Readonly<Record<Name, LimitRow>>,
  variableOf: (name: Name) => string,
): Readonly<Record<Name, Field<number>>> {
  const names = Object.keys(table) as Name[];
  const entries = names.map((name) => {
    const { default: value, max, unit } = table[name];
    return [name, integer(variableOf(name), { default: value, min: 1, max, unit })];
  });
  return Object.fromEntries(entries) as Record<Name, Field<number>>;
}
