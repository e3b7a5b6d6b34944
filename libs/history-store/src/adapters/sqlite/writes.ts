import { encodeHeader, type RoomEvent, type RoomId, type StoredAnswer, type UserId } from "@parley/protocol";
import { foldCase } from "../../fold-case.ts";
import type { ArchiveBatch, ArchiveEntry, ReadMark } from "../../port.ts";
import type { MemberWrite } from "../../project-members.ts";
import type { MessageWrite, ReactionWrite } from "../../project-messages.ts";
import type { Stamped } from "../../project-room.ts";
import { type EntryWrites, project } from "../../projection.ts";
import type { SqlStep, SqlValue } from "./database.ts";
import { guardedUpsert } from "./guarded-upsert.ts";

const insertEvent = guardedUpsert("room_events", ["room", "seq"], [{ stamp: "stamp", columns: ["event"] }]);
const upsertMessage = guardedUpsert(
  "room_messages",
  ["room", "seq"],
  [
    { stamp: "origin_stamp", columns: ["n", "ts", "author", "key", "reply_to"] },
    { stamp: "body_stamp", columns: ["text", "mentions", "version", "deleted"] },
    { stamp: "metadata_stamp", columns: ["metadata"] },
    { stamp: "edited_stamp", columns: ["edited_ts"] },
    { stamp: "pinned_stamp", columns: ["pinned"] },
    { stamp: "last_stamp", columns: [] },
  ],
);
const upsertCount = guardedUpsert(
  "message_reactions",
  ["room", "seq", "emoji"],
  [{ stamp: "stamp", columns: ["count"] }],
);
const upsertReaction = guardedUpsert(
  "reactions",
  ["room", "seq", "emoji", "author"],
  [{ stamp: "stamp", columns: ["present"] }],
);
const upsertMember = guardedUpsert(
  "members",
  ["room", "user"],
  [
    { stamp: "status_stamp", columns: ["status"] },
    { stamp: "role_stamp", columns: ["role"] },
    { stamp: "since_stamp", columns: ["since_seq"] },
    { stamp: "last_stamp", columns: [] },
  ],
);
/** `epoch` and `key_time_max_ms` are registers that keep the larger number: groups of their own number, without columns. */
const upsertRoom = guardedUpsert(
  "rooms",
  ["room"],
  [
    { stamp: "head_stamp", columns: ["head"] },
    { stamp: "counts_stamp", columns: ["n", "ts"] },
    { stamp: "kind_stamp", columns: ["kind"] },
    { stamp: "name_stamp", columns: ["name", "name_folded"] },
    { stamp: "settings_stamp", columns: ["slow_mode_ms", "archived", "history"] },
    { stamp: "members_stamp", columns: ["member_count"] },
    { stamp: "owners_stamp", columns: ["owner_count"] },
    { stamp: "pins_stamp", columns: ["pins"] },
    { stamp: "epoch", columns: [] },
    { stamp: "key_time_max_ms", columns: [] },
  ],
);
/** The first answer is the answer. */
const insertAnswer = `INSERT INTO sends (room, author, key, stamp, answer, seq) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (room, author, key) DO UPDATE SET stamp = excluded.stamp, answer = excluded.answer, seq = excluded.seq
  WHERE excluded.stamp < stamp`;
const upsertMark = guardedUpsert("read_marks", ["user", "room"], [{ stamp: "seq", columns: [] }]);
const insertDeadLetter = `INSERT INTO dead_letters (partition, epoch, position, header, bytes) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const raiseFloor = `INSERT INTO archive_floors (partition, epoch, position) VALUES (?, ?, ?)
  ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch, position = excluded.position
  WHERE (excluded.epoch, excluded.position) > (epoch, position)`;

/** All that a batch writes, the floor last. */
export function batchSteps(batch: ArchiveBatch): readonly SqlStep[] {
  const { partition, epoch, entries } = batch;
  const newest = entries.at(-1);
  if (newest === undefined) return [];
  return [
    ...entries.flatMap((entry) => entrySteps(project(entry, epoch))),
    ...entries.flatMap((entry) => deadLetterSteps(entry, batch)),
    { sql: raiseFloor, params: [partition, epoch, newest.position] },
  ];
}

export const markStep = (user: UserId, { room, seq }: ReadMark): SqlStep => ({
  sql: upsertMark,
  params: [user, room, seq],
});

function entrySteps(writes: EntryWrites): readonly SqlStep[] {
  const { room } = writes;
  return [
    ...writes.events.map((event) => eventStep(room, event)),
    ...writes.messages.map((message) => messageStep(room, message)),
    ...writes.reactions.flatMap((reaction) => reactionSteps(room, reaction)),
    ...writes.members.map((member) => memberStep(room, member)),
    ...writes.answers.map((answer) => answerStep(room, answer)),
    ...writes.marks.map(({ user, seq }) => markStep(user, { room, seq })),
    roomStep(writes),
  ];
}

const eventStep = (room: RoomId, { stamp, value }: Stamped<RoomEvent>): SqlStep => ({
  sql: insertEvent,
  params: [room, value.seq, stamp, JSON.stringify(value)],
});

function messageStep(room: RoomId, write: MessageWrite): SqlStep {
  const { seq, stamp, origin, body, metadata, editedTs, pinned } = write;
  const guard = (group: unknown) => (group === undefined ? 0 : stamp);
  const { n, ts, author, key, replyTo } = origin ?? {};
  const { text, mentions, version, deleted } = body ?? {};
  return {
    sql: upsertMessage,
    params: [
      [room, seq],
      [guard(origin), orNull(n), orNull(ts), orNull(author), orNull(key), orNull(replyTo)],
      [guard(body), orNull(text), json(mentions), orNull(version), flag(deleted)],
      [guard(metadata), json(metadata?.value)],
      [guard(editedTs), orNull(editedTs)],
      [guard(pinned), flag(pinned)],
      [stamp],
    ].flat(),
  };
}

const reactionSteps = (room: RoomId, write: ReactionWrite): readonly SqlStep[] => {
  const { seq, emoji, author, stamp, count, present } = write;
  return [
    { sql: upsertCount, params: [room, seq, emoji, stamp, count] },
    { sql: upsertReaction, params: [room, seq, emoji, author, stamp, present ? 1 : 0] },
  ];
};

function memberStep(room: RoomId, { user, stamp, status, role, sinceSeq }: MemberWrite): SqlStep {
  const group = (value: string | number | undefined) => [value === undefined ? 0 : stamp, orNull(value)];
  return {
    sql: upsertMember,
    params: [room, user, ...group(status), ...group(role), ...group(sinceSeq), stamp],
  };
}

function answerStep(room: RoomId, { stamp, value }: Stamped<StoredAnswer>): SqlStep {
  const seq = value.outcome === "ok" ? value.seq : null;
  return { sql: insertAnswer, params: [room, value.author, value.key, stamp, JSON.stringify(value), seq] };
}

function roomStep({ room, epoch, roomRow, keyTimeMaxMs }: EntryWrites): SqlStep {
  const { head, counts, kind, name, settings, memberCount, ownerCount, pins } = roomRow;
  const guard = (group: Stamped<unknown> | undefined) => group?.stamp ?? 0;
  const folded = name?.value === undefined ? undefined : foldCase(name.value);
  const { slowModeMs, archived, history } = settings?.value ?? {};
  return {
    sql: upsertRoom,
    params: [
      [room],
      [guard(head), head?.value ?? 0],
      [guard(counts), counts?.value.n ?? 0, counts?.value.ts ?? ""],
      [guard(kind), orNull(kind?.value)],
      [guard(name), orNull(name?.value), orNull(folded)],
      [guard(settings), orNull(slowModeMs), flag(archived), orNull(history)],
      [guard(memberCount), memberCount?.value ?? 0],
      [guard(ownerCount), ownerCount?.value ?? 0],
      [guard(pins), JSON.stringify(pins?.value ?? [])],
      [epoch],
      [keyTimeMaxMs],
    ].flat(),
  };
}

function deadLetterSteps(entry: ArchiveEntry, { partition, epoch }: ArchiveBatch): readonly SqlStep[] {
  const { deadLetter, header, position } = entry;
  if (deadLetter === undefined) return [];
  return [{ sql: insertDeadLetter, params: [partition, epoch, position, encodeHeader(header), deadLetter] }];
}

const orNull = (value: SqlValue | undefined): SqlValue => value ?? null;
const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const flag = (value: boolean | undefined): number | null => (value === undefined ? null : Number(value));
