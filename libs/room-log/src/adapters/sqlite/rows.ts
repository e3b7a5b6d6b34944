import { decodeHeader } from "@parley/protocol";
import type { StoredEntry } from "../../port.ts";
import type { SqlRow } from "./database.ts";

/** The number in a column; a missing row or another type is a fault of the statement, so it throws `TypeError`. */
export function numberIn(row: SqlRow | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== "number") throw new TypeError(`${column} is no number: ${String(value)}`);
  return value;
}

/** Throws `PoisonedEntryError` when the stored header is none. */
export function storedEntryOf(row: SqlRow): StoredEntry {
  const { header, payload } = row;
  if (typeof header !== "string" || !(payload instanceof Uint8Array)) {
    throw new TypeError(`entry ${numberIn(row, "position")} has columns of other types`);
  }
  return {
    position: numberIn(row, "position"),
    storedAtMs: numberIn(row, "stored_at_ms"),
    entry: { header: decodeHeader(header), payload },
  };
}
