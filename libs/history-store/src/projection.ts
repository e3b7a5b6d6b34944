import type { RoomEvent, RoomId, StoredAnswer, UserId } from "@parley/protocol";
import type { ArchiveEntry } from "./port.ts";
import { type MemberWrite, memberWritesOf } from "./project-members.ts";
import {
  type MessageWrite,
  messageWriteOf,
  type ReactionWrite,
  reactionWriteOf,
} from "./project-messages.ts";
import { type RoomWrite, roomWriteOf, type Stamped } from "./project-room.ts";
import { stampOf } from "./stamp.ts";

/** Raises a user's read mark in the entry's room. */
export interface MarkWrite {
  readonly user: UserId;
  readonly seq: number;
}

/**
 * The rows that one entry writes, in the order in which they must be written.
 *
 * Every write is a function of the entry alone and says with its stamp when it happened: a store that keeps, of two writes to the
 * same columns, the one with the larger stamp ends alike whatever is repeated and whatever is interleaved. Of two answers to
 * the same key it keeps the one with the *smaller* stamp; of marks and of `keyTimeMaxMs` the larger number.
 */
export interface EntryWrites {
  readonly room: RoomId;
  readonly epoch: number;
  readonly events: readonly Stamped<RoomEvent>[];
  readonly messages: readonly MessageWrite[];
  readonly reactions: readonly ReactionWrite[];
  readonly members: readonly MemberWrite[];
  readonly answers: readonly Stamped<StoredAnswer>[];
  readonly marks: readonly MarkWrite[];
  readonly roomRow: RoomWrite;
  readonly keyTimeMaxMs: number;
  readonly deadLetter: Uint8Array | undefined;
}

export function project({ position, header, events, deadLetter }: ArchiveEntry, epoch: number): EntryWrites {
  const stamped = events.map((event) => ({ stamp: stampOf(epoch, event.seq), value: event }));
  const answeredAt = stampOf(epoch, position);
  return {
    room: header.room,
    epoch,
    events: stamped,
    messages: stamped.flatMap(({ value, stamp }) => messageWriteOf(value, stamp) ?? []),
    reactions: stamped.flatMap(({ value, stamp }) => reactionWriteOf(value, stamp) ?? []),
    members: stamped.flatMap(({ value, stamp }) => memberWritesOf(value, stamp)),
    answers: header.answers.map((value) => ({ stamp: answeredAt, value })),
    marks: events.flatMap(markOf),
    roomRow: roomWriteOf(events, epoch),
    keyTimeMaxMs: header.keyTimeMaxMs,
    deadLetter,
  };
}

const markOf = (event: RoomEvent): readonly MarkWrite[] =>
  event.kind === "message.created" ? [{ user: event.author, seq: event.seq }] : [];

/**
 * The answer if it may be given. An `ok` counts only when the event at its seq has that author and key: a reader of a lost log
 * may have left an answer whose event another one has replaced.
 */
export function provenAnswer(answer: StoredAnswer, event: RoomEvent | undefined): StoredAnswer | undefined {
  if (answer.outcome !== "ok") return answer;
  return event?.author === answer.author && event.key === answer.key ? answer : undefined;
}
