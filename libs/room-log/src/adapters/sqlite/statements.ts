import type { EntryHeader } from "@parley/protocol";
import type { Position } from "../../port.ts";
import type { SqlStep } from "./database.ts";

/** An index on a column ends with the rowid, which `position` is: so (room) serves (room, position). */
export const tables = [
  `CREATE TABLE IF NOT EXISTS log_entries (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     partition INTEGER NOT NULL,
     room TEXT NOT NULL,
     id TEXT NOT NULL,
     header TEXT NOT NULL,
     payload BLOB NOT NULL,
     stored_at_ms INTEGER NOT NULL
   ) STRICT`,
  `CREATE INDEX IF NOT EXISTS log_entries_by_room ON log_entries (room)`,
  `CREATE INDEX IF NOT EXISTS log_entries_by_partition ON log_entries (partition)`,
  // The newest position that a purge took from the partition.
  `CREATE TABLE IF NOT EXISTS log_purged (partition INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT`,
  `CREATE TABLE IF NOT EXISTS log_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER IF NOT EXISTS log_bytes_added AFTER INSERT ON log_entries BEGIN
     UPDATE log_meta SET value = value + octet_length(NEW.header) + octet_length(NEW.payload) WHERE name = 'bytes';
   END`,
  `CREATE TRIGGER IF NOT EXISTS log_bytes_freed AFTER DELETE ON log_entries BEGIN
     UPDATE log_meta SET value = value - octet_length(OLD.header) - octet_length(OLD.payload) WHERE name = 'bytes';
   END`,
] as const;

/** Sets what a fresh file is made with; an old file keeps its own. Then all of it. */
export const makeMeta = `INSERT INTO log_meta (name, value) VALUES ('bytes', 0), ('partitions', ?), ('epoch', ?)
  ON CONFLICT DO NOTHING`;
export const readMeta = `SELECT name, value FROM log_meta`;

const held = `COALESCE((SELECT max(position) FROM log_entries WHERE room = ?), 0)`;
const columns = `position, header, payload, stored_at_ms`;

/** The compare-and-set: one statement that looks and inserts. */
const insert = `INSERT INTO log_entries (partition, room, id, header, payload, stored_at_ms)
  SELECT ?, ?, ?, ?, ?, ?
  WHERE ${held} = ? AND (SELECT value FROM log_meta WHERE name = 'bytes') + ? <= ?
  RETURNING position`;
const heldPosition = `SELECT ${held} AS position`;

export interface AppendValues {
  readonly header: EntryHeader;
  /** The header as it is stored. */
  readonly text: string;
  readonly payload: Uint8Array;
  readonly partition: number;
  readonly after: Position;
  readonly storedAtMs: number;
  readonly bytesMax: number;
}

/** First the insert, then where the room's last entry is. */
export function append(values: AppendValues): readonly SqlStep[] {
  const { header, text, payload, partition, after, storedAtMs, bytesMax } = values;
  const bytes = Buffer.byteLength(text) + payload.byteLength;
  const row = [partition, header.room, header.id, text, payload, storedAtMs];
  return [
    { sql: insert, params: [...row, header.room, after, bytes, bytesMax] },
    { sql: heldPosition, params: [header.room] },
  ];
}

export const last = `SELECT ${columns} FROM log_entries WHERE room = ? ORDER BY position DESC LIMIT 1`;
export const readRoom = `SELECT ${columns} FROM log_entries WHERE room = ? AND position > ? ORDER BY position LIMIT ?`;
export const readPartition = `SELECT ${columns} FROM log_entries WHERE partition = ? AND position > ?
  ORDER BY position LIMIT ?`;
export const lastPosition = `SELECT max(
  COALESCE((SELECT max(position) FROM log_entries WHERE partition = ?), 0),
  COALESCE((SELECT position FROM log_purged WHERE partition = ?), 0)) AS position`;

export interface PurgeRange {
  readonly partition: number;
  readonly upTo: Position;
  readonly storedBeforeMs: number;
}

/** The oldest entries only: were one taken from the middle because the clock had gone back, a room's last could go back. */
const oldest = `partition = ? AND position <= ? AND position < COALESCE(
  (SELECT min(position) FROM log_entries WHERE partition = ? AND stored_at_ms >= ?), 9223372036854775807)`;

/** Notes the newest position it takes, then takes; the last step's `changes` counts. */
export function purge({ partition, upTo, storedBeforeMs }: PurgeRange): readonly SqlStep[] {
  const range = [partition, upTo, partition, storedBeforeMs];
  return [
    {
      sql: `INSERT INTO log_purged (partition, position)
        SELECT partition, max(position) FROM log_entries WHERE ${oldest} GROUP BY partition
        ON CONFLICT (partition) DO UPDATE SET position = excluded.position`,
      params: range,
    },
    { sql: `DELETE FROM log_entries WHERE ${oldest}`, params: range },
  ];
}
