import type { RoomId, UserId } from "@parley/protocol";
import { foldCase } from "../../fold-case.ts";
import type { IdPage, MessagePage } from "../../port.ts";
import { seqMask } from "../../stamp.ts";
import type { SqlStep } from "./database.ts";

const messageColumns = `m.seq, m.n, m.ts, m.author, m.key, m.reply_to, m.text, m.mentions, m.version, m.deleted,
  m.metadata, m.edited_ts, m.pinned, m.last_stamp & ${seqMask} AS last_seq,
  (SELECT json_group_object(r.emoji, r.count) FROM message_reactions r
    WHERE r.room = m.room AND r.seq = m.seq AND r.count > 0) AS reactions`;
/** A row without an origin is a change of a message whose creation could not be read. */
const messagesOfRoom = `SELECT ${messageColumns} FROM room_messages m WHERE m.room = ? AND m.origin_stamp > 0`;
const messagesUp = `${messagesOfRoom} AND m.seq > ? ORDER BY m.seq LIMIT ?`;
const messagesDown = `${messagesOfRoom} AND m.seq > ? AND m.seq < ? ORDER BY m.seq DESC LIMIT ?`;

/** Ascending when the page goes towards newer messages, else descending. */
export function messagePage(room: RoomId, { before, after, limit }: MessagePage): SqlStep {
  if (before === undefined && after !== undefined) return { sql: messagesUp, params: [room, after, limit] };
  return { sql: messagesDown, params: [room, after ?? 0, before ?? Number.MAX_SAFE_INTEGER, limit] };
}
export const message = `${messagesOfRoom} AND m.seq = ?`;

export const floor = `SELECT epoch, position FROM archive_floors WHERE partition = ?`;
export const newestEpoch = `SELECT max(epoch) AS epoch FROM archive_floors`;
export const events = `SELECT event FROM room_events WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?`;

export const reactionsBy = `SELECT seq, emoji FROM reactions
  WHERE room = ? AND author = ? AND seq IN (SELECT value FROM json_each(?)) AND present = 1 ORDER BY seq, emoji`;

const roomColumns = `room, epoch, head, n, ts, kind, name, slow_mode_ms, archived, history, member_count, owner_count,
  pins, key_time_max_ms`;
export const room = `SELECT ${roomColumns} FROM rooms WHERE room = ?`;
const listedRooms = `SELECT ${roomColumns} FROM rooms WHERE kind = 'public' AND archived = 0 AND room > ?`;

export function publicRooms(query: string | undefined, { after, limit }: IdPage<RoomId>): SqlStep {
  const order = `ORDER BY room LIMIT ?`;
  if (query === undefined) return { sql: `${listedRooms} ${order}`, params: [after ?? "", limit] };
  const sql = `${listedRooms} AND instr(name_folded, ?) > 0 ${order}`;
  return { sql, params: [after ?? "", foldCase(query), limit] };
}

/** A row without a status is a change of role of one whose coming in could not be read. */
const memberColumns = `user, status, role, since_seq, last_stamp & ${seqMask} AS last_seq`;
export const member = `SELECT ${memberColumns} FROM members WHERE room = ? AND user = ? AND status_stamp > 0`;
export const members = (room: RoomId, { after, limit }: IdPage<UserId>): SqlStep => ({
  sql: `SELECT ${memberColumns} FROM members WHERE room = ? AND user > ? AND status = 'active' ORDER BY user LIMIT ?`,
  params: [room, after ?? "", limit],
});
export const roomsOf = (user: UserId, { after, limit }: IdPage<RoomId>): SqlStep => ({
  sql: `SELECT room FROM members WHERE user = ? AND room > ? AND status = 'active' ORDER BY room LIMIT ?`,
  params: [user, after ?? "", limit],
});

/** With the event that an `ok` names. */
export const answer = `SELECT s.answer, e.event FROM sends s
  LEFT JOIN room_events e ON e.room = s.room AND e.seq = s.seq
  WHERE s.room = ? AND s.author = ? AND s.key = ?`;

export const marks = `SELECT room, seq FROM read_marks
  WHERE user = ? AND room IN (SELECT value FROM json_each(?)) ORDER BY room`;
