import {
  type ArchivedRoom,
  defaultSettings,
  type MemberRecord,
  type MessageRecord,
  type RoomEvent,
  type RoomKind,
  type RoomSettings,
  type StoredAnswer,
} from "@parley/protocol";
import { provenAnswer } from "../../projection.ts";
import type { SqlRow } from "./database.ts";

/** Rows were written by this adapter from checked values, so their columns are taken by name, not checked again. */
type MessageRow = {
  readonly seq: number;
  readonly n: number;
  readonly ts: string;
  readonly author: MessageRecord["author"];
  readonly key: MessageRecord["key"] | null;
  readonly reply_to: number | null;
  readonly text: string;
  readonly mentions: string;
  readonly version: number;
  readonly deleted: number;
  readonly metadata: string | null;
  readonly edited_ts: string | null;
  readonly pinned: number | null;
  readonly last_seq: number;
  readonly reactions: string;
};

export function messageOf(sqlRow: SqlRow): MessageRecord {
  const row = sqlRow as MessageRow;
  const deleted = row.deleted === 1;
  return {
    seq: row.seq,
    n: row.n,
    ts: row.ts,
    author: row.author,
    key: row.key ?? undefined,
    text: row.text,
    version: row.version,
    deleted,
    pinned: row.pinned === 1,
    editedTs: row.edited_ts ?? undefined,
    replyTo: row.reply_to ?? undefined,
    mentions: JSON.parse(row.mentions) as MessageRecord["mentions"],
    metadata: row.metadata === null ? undefined : (JSON.parse(row.metadata) as Record<string, unknown>),
    reactions: deleted ? {} : (JSON.parse(row.reactions) as MessageRecord["reactions"]),
    lastSeq: row.last_seq,
  };
}

type RoomRow = {
  readonly room: ArchivedRoom["record"]["room"];
  readonly epoch: number;
  readonly head: number;
  readonly n: number;
  readonly ts: string;
  readonly kind: RoomKind | null;
  readonly name: string | null;
  readonly slow_mode_ms: number | null;
  readonly archived: number;
  readonly history: RoomSettings["history"];
  readonly member_count: number;
  readonly owner_count: number;
  readonly pins: string;
  readonly key_time_max_ms: number;
};

/** A room whose creation is not archived (refusals only, or a reserved room) has the kind and settings of an empty one. */
export function archivedRoomOf(sqlRow: SqlRow): ArchivedRoom {
  const row = sqlRow as RoomRow;
  const { room, epoch, head, n, ts, history } = row;
  const settings =
    row.slow_mode_ms === null
      ? defaultSettings()
      : { slowModeMs: row.slow_mode_ms, archived: row.archived === 1, history };
  return {
    epoch,
    keyTimeMaxMs: row.key_time_max_ms,
    record: {
      room,
      kind: row.kind ?? "group",
      name: row.name ?? undefined,
      settings,
      head,
      n,
      ts,
      memberCount: row.member_count,
      ownerCount: row.owner_count,
      pins: JSON.parse(row.pins) as readonly number[],
    },
  };
}

type MemberRow = {
  readonly user: MemberRecord["user"];
  readonly status: MemberRecord["status"];
  readonly role: MemberRecord["role"] | null;
  readonly since_seq: number | null;
  readonly last_seq: number;
};

export function memberOf(row: SqlRow): MemberRecord {
  const { user, status, role, since_seq, last_seq } = row as MemberRow;
  return { user, status, role: role ?? "member", sinceSeq: since_seq ?? 0, lastSeq: last_seq };
}

export const eventOf = (row: SqlRow): RoomEvent =>
  JSON.parse((row as { readonly event: string }).event) as RoomEvent;

export function answerOf(row: SqlRow): StoredAnswer | undefined {
  const { answer, event } = row as { readonly answer: string; readonly event: string | null };
  return provenAnswer(JSON.parse(answer) as StoredAnswer, event === null ? undefined : eventOf(row));
}
