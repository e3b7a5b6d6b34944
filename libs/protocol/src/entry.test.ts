import { describe, expect, it } from "vitest";
import {
  decodeEvents,
  decodeHeader,
  encodeEntry,
  encodeHeader,
  type EntryId,
  type Key,
  mustParse,
  parseEntryId,
  parseKey,
  parseRoomId,
  parseUserId,
  PoisonedEntryError,
  removedBy,
  type RoomEvent,
  type RoomId,
  type UserId,
} from "./index.ts";

const room: RoomId = mustParse(parseRoomId, "r1");
const ann: UserId = mustParse(parseUserId, "ann");
const id: EntryId = mustParse(parseEntryId, "e1");
const key: Key = mustParse(parseKey, "k1");
const ts = "2026-01-02T03:04:05.678Z";
const message = (seq: number): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts,
  author: ann,
  key,
  text: `\u{1F642} ${seq}`,
});
const left: RoomEvent = { kind: "member.left", seq: 9, n: 8, ts, author: ann, memberCount: 0, ownerCount: 0 };

const entry = (events: readonly RoomEvent[], after: number) =>
  encodeEntry({ id, room, epoch: 1, after, events, answers: [], keyTimeMaxMs: 0, traceparent: undefined });

describe("an entry", () => {
  it("gives back its events and its header", () => {
    const stored = entry([message(8), left], 7);
    expect(decodeEvents(stored)).toEqual([message(8), left]);
    expect(decodeHeader(encodeHeader(stored.header))).toEqual(stored.header);
    expect(stored.header).toMatchObject({ first: 8, last: 9, control: true });
  });

  it("has clients' bytes as its payload, without what is the service's own", () => {
    const text = new TextDecoder().decode(entry([message(1)], 0).payload);
    expect(JSON.parse(text)).toEqual({ room, epoch: 1, first: 1, events: [message(1)] });
  });

  it("moves no seq when it holds answers alone", () => {
    const stored = entry([], 7);
    expect(stored.header).toMatchObject({ first: 8, last: 7, control: false });
    expect(stored.payload).toHaveLength(0);
    expect(decodeEvents(stored)).toEqual([]);
  });

  it("is poisoned when its bytes are not what its header says", () => {
    const stored = entry([message(8)], 7);
    const spoilt = [
      { ...stored, payload: new Uint8Array([0xff, 0xfe]) },
      { ...stored, payload: new Uint8Array(0) },
      { ...stored, header: { ...stored.header, last: 9 } },
      { ...stored, header: { ...stored.header, first: 9, last: 9 } },
    ];
    for (const poisoned of spoilt) expect(() => decodeEvents(poisoned)).toThrow(PoisonedEntryError);
  });

  it("is poisoned when it is JSON of another shape", () => {
    const stored = entry([message(8)], 7);
    const { ts: _, ...timeless } = message(8);
    const lists = [undefined, null, 7, {}, [null], [8], [timeless], [{ ...message(8), kind: 1 }]];
    const values = [null, 7, "x", [], ...lists.map((events) => ({ room, epoch: 1, first: 8, events }))];
    for (const value of values) {
      const payload = new TextEncoder().encode(JSON.stringify(value));
      expect(() => decodeEvents({ ...stored, payload })).toThrow(PoisonedEntryError);
    }
  });

  it("has a header of one shape only", () => {
    const { header } = entry([message(8)], 7);
    const spoilt = [
      null,
      7,
      {},
      { ...header, first: "8" },
      { ...header, answers: null },
      { ...header, id: "" },
    ];
    for (const value of spoilt) expect(() => decodeHeader(JSON.stringify(value))).toThrow(PoisonedEntryError);
    expect(() => decodeHeader("{")).toThrow(PoisonedEntryError);
  });
});

it("knows whom an event takes out of the room", () => {
  expect(removedBy(left)).toBe(ann);
  expect(removedBy(message(1))).toBeUndefined();
});
