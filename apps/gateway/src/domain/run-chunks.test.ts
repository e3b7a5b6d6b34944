import { mustParse, parseUserId, removedBy, type RoomEvent } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkRun, removals } from "./run-chunks.ts";

const ann = mustParse(parseUserId, "ann");
const bob = mustParse(parseUserId, "bob");
const base = { n: 1, ts: "2026-11-22T00:00:00.000Z", author: ann };

const message = (seq: number, length = 10): RoomEvent => ({
  ...base,
  kind: "message.created",
  seq,
  text: "x".repeat(length),
});
const removal = (seq: number): RoomEvent => ({
  ...base,
  kind: "member.removed",
  seq,
  user: bob,
  memberCount: 1,
  ownerCount: 1,
});

describe("a fetched run cut to pieces", () => {
  it("loses nothing, keeps the order, and has a removal only at the end of a piece", () => {
    const run = fc.array(fc.oneof(fc.constant("removal"), fc.integer({ min: 1, max: 40_000 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(run, (shapes) => {
        const events = shapes.map((shape, index) =>
          typeof shape === "number" ? message(index + 1, shape) : removal(index + 1),
        );
        const chunks = chunkRun(events);
        expect(chunks.flat()).toEqual(events);
        for (const chunk of chunks) {
          expect(chunk.slice(0, -1).some((event) => removedBy(event) !== undefined)).toBe(false);
          expect(chunk.length === 1 || JSON.stringify(chunk).length < 70_000).toBe(true);
        }
      }),
    );
  });
});

describe("removals", () => {
  it("name who is out, and since when", () => {
    const left: RoomEvent = { ...base, kind: "member.left", seq: 7, memberCount: 1, ownerCount: 1 };
    expect(removals([message(5), removal(6), left])).toEqual([
      { user: bob, seq: 6 },
      { user: ann, seq: 7 },
    ]);
  });
});
