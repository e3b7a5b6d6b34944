import type { EntryId, Key, RoomId, UserId } from "./ids.ts";
import type { RoomEvent } from "./room-events.ts";
import { isControlEvent } from "./room-events.ts";
import type { ErrorCode } from "./errors.ts";
import { parseEntryId, parseRoomId } from "./ids.ts";

/**
 * The stored answer to one key of one author, kept with the entry that decided it.
 *
 * `digest` tells the same command asked again from another one under the same key.
 */
export type StoredAnswer = {
  readonly author: UserId;
  readonly key: Key;
  readonly digest: string;
} & (
  | { readonly outcome: "ok"; readonly seq: number }
  /** The command was already true; nothing changed. `seq`, `ts` and `n` are of the room's head then. */
  | { readonly outcome: "noop"; readonly seq: number; readonly n: number; readonly ts: string }
  | { readonly outcome: "refused"; readonly code: ErrorCode }
);

/** What of an entry is never sent to clients. */
export interface EntryHeader {
  readonly id: EntryId;
  readonly room: RoomId;
  readonly epoch: number;
  /** Seq of the first event; for an entry without events, the head + 1. */
  readonly first: number;
  /** Seq of the last event; `first - 1` for an entry without events. */
  readonly last: number;
  /** Whether an event of it is a control event. */
  readonly control: boolean;
  readonly answers: readonly StoredAnswer[];
  /** The largest time inside any UUIDv7 key answered in this room so far, this entry included; 0 for none. */
  readonly keyTimeMaxMs: number;
  /** W3C trace context of the command that began the entry. */
  readonly traceparent?: string;
}

/** A batch of consecutive events of one room: the unit that is stored, or is not. */
export interface Entry {
  readonly header: EntryHeader;
  /** UTF-8 JSON `{"room","epoch","first","events"}`: byte for byte what clients get as `events`. Empty without events. */
  readonly payload: Uint8Array;
}

/** `{room, epoch, first, events}`: the payload of an entry, and of the socket event `events`. */
export interface EventsPayload {
  readonly room: RoomId;
  readonly epoch: number;
  readonly first: number;
  readonly events: readonly RoomEvent[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const nothing = new Uint8Array(0);

/** Encodes the one payload that every reader copies. Event bytes are what `encodeEvent` made. */
export function encodePayload(payload: EventsPayload): Uint8Array {
  return payload.events.length === 0 ? nothing : encoder.encode(JSON.stringify(payload));
}

export interface NewEntry {
  readonly id: EntryId;
  readonly room: RoomId;
  readonly epoch: number;
  /** Head before the entry. */
  readonly after: number;
  readonly events: readonly RoomEvent[];
  readonly answers: readonly StoredAnswer[];
  readonly keyTimeMaxMs: number;
  readonly traceparent: string | undefined;
}

export function encodeEntry(entry: NewEntry): Entry {
  const { id, room, epoch, after, events, answers, keyTimeMaxMs, traceparent } = entry;
  const first = after + 1;
  return {
    header: {
      id,
      room,
      epoch,
      first,
      last: after + events.length,
      control: events.some(isControlEvent),
      answers,
      keyTimeMaxMs,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    payload: encodePayload({ room, epoch, first, events }),
  };
}

/** An entry whose bytes are not what `encodeEntry` makes. */
export class PoisonedEntryError extends Error {
  override readonly name = "PoisonedEntryError";
  readonly retryable = false;
}

/** The events of an entry. Throws `PoisonedEntryError` when the payload is not what its header says. */
export function decodeEvents(entry: Entry): readonly RoomEvent[] {
  const { header, payload } = entry;
  const { id, room, first, last } = header;
  if (payload.length === 0) {
    if (last >= first) throw new PoisonedEntryError(`entry ${id} has no payload`);
    return [];
  }
  const decoded = decodeJson(() => decoder.decode(payload), `entry ${id}`);
  if (!isPayload(decoded)) throw new PoisonedEntryError(`entry ${id} is of another shape`);
  const { events } = decoded;
  const dense = events.every((event, index) => event.seq === first + index);
  if (decoded.room !== room || events.length !== last - first + 1 || !dense) {
    throw new PoisonedEntryError(`entry ${id} does not hold events ${first} to ${last}`);
  }
  return events;
}

export const encodeHeader = (header: EntryHeader): string => JSON.stringify(header);

/** Throws `PoisonedEntryError` when `text` is no header. */
export function decodeHeader(text: string): EntryHeader {
  const decoded = decodeJson(() => text, "an entry's header");
  if (!isHeader(decoded)) throw new PoisonedEntryError("an entry's header is of another shape");
  return decoded;
}

function decodeJson(text: () => string, what: string): unknown {
  try {
    return JSON.parse(text()) as unknown;
  } catch (cause) {
    throw new PoisonedEntryError(`${what} is not JSON`, { cause });
  }
}

/*
 * What is stored was checked before it was encoded. These look only at what every reader relies on, so that bytes of
 * another origin are poisoned, not a bug; kinds of events are not looked at: a newer version may have more of them.
 */
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const isPayload = (value: unknown): value is EventsPayload =>
  isObject(value) && Array.isArray(value["events"]) && value["events"].every(isEvent);

const isEvent = (value: unknown): value is RoomEvent =>
  isObject(value) &&
  [value["kind"], value["ts"], value["author"]].every((field) => typeof field === "string") &&
  [value["seq"], value["n"]].every((field) => Number.isSafeInteger(field));

const isHeader = (value: unknown): value is EntryHeader =>
  isObject(value) &&
  parseEntryId(value["id"]) !== undefined &&
  parseRoomId(value["room"]) !== undefined &&
  [value["epoch"], value["first"], value["last"], value["keyTimeMaxMs"]].every(Number.isSafeInteger) &&
  Array.isArray(value["answers"]);
