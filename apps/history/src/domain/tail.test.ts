import { mustParse, parseKey, parseUserId, type RoomEvent } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { Tail, type TailEntry } from "./tail.ts";

const ann = mustParse(parseUserId, "ann");
const key = (name: string) => mustParse(parseKey, name);
const message = (seq: number): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts: "2026-01-01T00:00:00.000Z",
  author: ann,
  key: key(`k${seq}`),
  text: `${seq}`,
});
/** One entry with one message, at a position of ten times its seq. */
const entry = (seq: number): TailEntry => ({
  position: seq * 10,
  first: seq,
  last: seq,
  bytes: 100,
  events: [message(seq)],
  answers: [{ author: ann, key: key(`k${seq}`), digest: "d", outcome: "ok", seq }],
  keyTimeMaxMs: seq * 1_000,
});
const tailOf = (from: number, to: number): Tail => {
  const tail = new Tail({ firstSeq: from, keyFloorMs: (from - 1) * 1_000 });
  for (let seq = from; seq <= to; seq += 1) tail.append(entry(seq));
  return tail;
};
const seqs = (events: readonly RoomEvent[] | undefined) => events?.map(({ seq }) => seq);

describe("a tail", () => {
  it("gives the run above a seq, and says when it no longer has all of it", () => {
    const tail = tailOf(5, 9);
    expect(seqs(tail.run(6, 10))).toEqual([7, 8, 9]);
    expect(seqs(tail.run(4, 2))).toEqual([5, 6]);
    expect(seqs(tail.run(9, 10))).toEqual([]);
    expect(seqs(tail.run(7, 0))).toEqual([]);
    expect(tail.run(3, 10)).toBeUndefined();
  });

  it("lets only archived entries go, oldest first, and raises the key floor with them", () => {
    const tail = tailOf(1, 6);
    tail.trim(40, { entriesMax: 1, bytesMax: 1_000 });
    expect(tail.firstSeq).toBe(5);
    expect(tail.keyFloorMs).toBe(4_000);
    expect(tail.bytes).toBe(200);
    expect(tail.answer(ann, key("k4"))).toBeUndefined();
    expect(tail.answer(ann, key("k5"))).toMatchObject({ seq: 5 });
  });

  it("keeps what retention allows, though it is archived", () => {
    const tail = tailOf(1, 6);
    tail.trim(60, { entriesMax: 4, bytesMax: 1_000 });
    expect(tail.firstSeq).toBe(3);
    tail.trim(60, { entriesMax: 4, bytesMax: 150 });
    expect(tail.firstSeq).toBe(6);
  });

  it("keeps the first answer to a key, should a log hold two", () => {
    const tail = tailOf(1, 1);
    tail.append({
      ...entry(2),
      answers: [{ author: ann, key: key("k1"), digest: "x", outcome: "ok", seq: 2 }],
    });
    expect(tail.answer(ann, key("k1"))).toMatchObject({ seq: 1 });
  });

  it("finds an event, and an author's newest message", () => {
    const tail = tailOf(3, 6);
    expect(tail.event(4)).toMatchObject({ text: "4" });
    expect(tail.event(2)).toBeUndefined();
    expect(tail.newestMessageBy(ann)).toBe(6);
    expect(tail.newestMessageBy(mustParse(parseUserId, "bob"))).toBe(0);
  });
});
