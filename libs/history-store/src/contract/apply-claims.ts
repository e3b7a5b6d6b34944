import type { StoredAnswer } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import type { HistoryStore } from "../port.ts";
import { keyOf, SmallRoom, ts } from "./small-room.ts";

/** Claims about what applying does to rows, one by one. */
export function applyClaims(store: () => HistoryStore): void {
  describe("apply", () => {
    test("moves the floor to its last entry, and never back within an epoch", async () => {
      const small = new SmallRoom(store());
      expect(await store().floor(small.partition)).toBeUndefined();
      const entries = [small.entry([small.message(1)]), small.entry([small.message(2)])];
      await small.apply(entries);
      expect(await store().floor(small.partition)).toEqual({ epoch: 1, position: 2 });
      await small.apply(entries.slice(0, 1));
      expect(await store().floor(small.partition)).toEqual({ epoch: 1, position: 2 });
    });

    test("of a later epoch replaces the floor whatever its position, and an earlier one does not come back", async () => {
      const small = new SmallRoom(store());
      const [first, second] = [small.entry([small.message(1)]), small.entry([small.message(2)])];
      await small.apply([first, second]);
      await small.apply([first], 2);
      expect(await store().floor(small.partition)).toEqual({ epoch: 2, position: 1 });
      await small.apply([first, second]);
      expect(await store().floor(small.partition)).toEqual({ epoch: 2, position: 1 });
    });

    test("of nothing changes nothing", async () => {
      const small = new SmallRoom(store());
      await small.apply([]);
      expect(await store().floor(small.partition)).toBeUndefined();
    });

    test("shows a floor only to those who see everything below it", async () => {
      const small = new SmallRoom(store());
      const seqs = Array.from({ length: 60 }, (_, index) => index + 1);
      const applying = small.apply(seqs.map((seq) => small.entry([small.message(seq)])));
      while ((await store().floor(small.partition)) === undefined) expect(small.position).toBe(60);
      expect((await store().room(small.room))?.record.head).toBe(60);
      expect(await store().events(small.room, 0, 100)).toHaveLength(60);
      expect(await store().messages(small.room, { limit: 100 })).toHaveLength(60);
      await applying;
    });

    test("of a later epoch replaces what an earlier wrote at a seq, and not the other way round", async () => {
      const small = new SmallRoom(store());
      const lost = small.entry([small.message(1), small.message(2, "lost")]);
      const kept = small.entry([small.message(2, "kept")]);
      await small.apply([lost]);
      await small.apply([kept], 2);
      await small.apply([lost]);
      expect(await store().message(small.room, 2)).toMatchObject({ text: "kept" });
      expect(await store().events(small.room, 1, 10)).toEqual([small.message(2, "kept")]);
      expect(await store().room(small.room)).toMatchObject({ epoch: 2, record: { head: 2 } });
    });

    test("of an unreadable entry keeps its places in the order", async () => {
      const small = new SmallRoom(store());
      const invalid = {
        kind: "invalid" as const,
        seq: 2,
        n: 0,
        ts: "1970-01-01T00:00:00.000Z",
        author: small.ann,
      };
      const unreadable = { ...small.entry([invalid]), deadLetter: new Uint8Array([0, 255]) };
      await small.apply([small.entry([small.message(1)]), unreadable, small.entry([small.message(3)])]);
      expect((await store().events(small.room, 0, 10)).map(({ kind }) => kind)).toEqual([
        "message.created",
        "invalid",
        "message.created",
      ]);
      expect((await store().messages(small.room, { limit: 10 })).map(({ seq }) => seq)).toEqual([1, 3]);
      await small.apply([unreadable]);
      expect((await store().room(small.room))?.record).toMatchObject({ head: 3, n: 3, ts });
    });

    test("of changes to a message that could not be read makes no message of them", async () => {
      const small = new SmallRoom(store());
      const by = { n: 1, ts, author: small.bob };
      await small.write(
        { kind: "invalid", seq: 1, ...by },
        { kind: "reaction.added", seq: 2, target: 1, emoji: "👍", count: 1, ...by },
        { kind: "message.edited", seq: 3, target: 1, text: "edited", version: 2, ...by },
      );
      expect(await store().message(small.room, 1)).toBeUndefined();
      expect(await store().messages(small.room, { limit: 10 })).toEqual([]);
    });

    test("of refusals alone moves no seq, and keeps the largest key time", async () => {
      const small = new SmallRoom(store());
      const refusal = refusedBy(small, "refused");
      await small.apply([small.entry([], [refusal], 900), small.entry([], [], 400)]);
      expect(await store().room(small.room)).toMatchObject({
        keyTimeMaxMs: 900,
        record: { head: 0, n: 0, ts: "" },
      });
      expect(await store().answer(small.room, small.ann, refusal.key)).toEqual(refusal);
    });

    test("of a deletion keeps the message's place and nothing it said", async () => {
      const small = new SmallRoom(store());
      const by = { n: 2, ts, author: small.ann };
      await small.write(
        { ...small.message(1, "secret"), metadata: { secret: true }, mentions: [small.bob] } as never,
        { kind: "reaction.added", seq: 2, target: 1, emoji: "👍", count: 1, ...by },
        { kind: "message.pinned", seq: 3, target: 1, pins: [1], ...by },
        { kind: "message.deleted", seq: 4, target: 1, version: 2, pins: [], ...by },
      );
      const [message] = await store().messages(small.room, { limit: 10 });
      expect(message).toMatchObject({
        seq: 1,
        author: small.ann,
        deleted: true,
        text: "",
        version: 2,
        lastSeq: 4,
      });
      expect(message).toMatchObject({ mentions: [], metadata: undefined, pinned: false });
      expect(message?.reactions).toEqual({});
      expect((await store().room(small.room))?.record.pins).toEqual([]);
    });
  });

  describe("answers", () => {
    test("are found by author and key, of an ok only with its event", async () => {
      const small = new SmallRoom(store());
      const ok = { author: small.ann, key: keyOf("k_1"), digest: "d", outcome: "ok" as const, seq: 1 };
      const unproven = { ...ok, key: keyOf("k_other") };
      await small.apply([small.entry([small.message(1)], [ok, unproven, refusedBy(small, "no")])]);
      expect(await store().answer(small.room, small.ann, keyOf("k_1"))).toEqual(ok);
      expect(await store().answer(small.room, small.ann, keyOf("k_other"))).toBeUndefined();
      expect(await store().answer(small.room, small.ann, keyOf("no"))).toMatchObject({ outcome: "refused" });
      expect(await store().answer(small.room, small.bob, keyOf("k_1"))).toBeUndefined();
      expect(await store().answer(small.room, small.ann, keyOf("k_2"))).toBeUndefined();
    });

    test("stay the first one, in whatever order two are written", async () => {
      const small = new SmallRoom(store());
      const first = { ...refusedBy(small, "k"), digest: "first" };
      const second = { ...first, digest: "second" };
      const entries = [small.entry([], [first]), small.entry([], [second])];
      await small.apply(entries.slice(1));
      await small.apply(entries);
      await small.apply(entries.slice(1));
      expect(await store().answer(small.room, small.ann, keyOf("k"))).toEqual(first);
    });

    test("that changed nothing say so", async () => {
      const small = new SmallRoom(store());
      const noop = {
        author: small.ann,
        key: keyOf("k"),
        digest: "d",
        outcome: "noop" as const,
        seq: 0,
        n: 0,
        ts,
      };
      await small.apply([small.entry([], [noop])]);
      expect(await store().answer(small.room, small.ann, keyOf("k"))).toEqual(noop);
    });
  });

  describe("read marks", () => {
    test("rise and never fall, also when raised at the same time", async () => {
      const { ann, room } = new SmallRoom(store());
      expect(await store().marks(ann, [room])).toEqual([]);
      await Promise.all([3, 9, 5].map((seq) => store().raiseMark(ann, room, seq)));
      await store().raiseMark(ann, room, 4);
      expect(await store().marks(ann, [room])).toEqual([{ room, seq: 9 }]);
    });

    test("are raised by sending, also again, and by nobody else's messages", async () => {
      const small = new SmallRoom(store());
      const entry = small.entry([small.message(1), small.message(2)]);
      await small.apply([entry]);
      await store().raiseMark(small.ann, small.room, 7);
      await small.apply([entry]);
      expect(await store().marks(small.ann, [small.room])).toEqual([{ room: small.room, seq: 7 }]);
      expect(await store().marks(small.bob, [small.room])).toEqual([]);
    });

    test("are told of the rooms named, and of no others", async () => {
      const [one, two, three] = [new SmallRoom(store()), new SmallRoom(store()), new SmallRoom(store())];
      const user = one.ann;
      for (const { room } of [one, two, three]) await store().raiseMark(user, room, 1);
      const marks = await store().marks(user, [one.room, three.room]);
      expect(new Set(marks.map(({ room }) => room))).toEqual(new Set([one.room, three.room]));
      expect(await store().marks(user, [])).toEqual([]);
    });
  });
}

const refusedBy = (small: SmallRoom, key: string): StoredAnswer => ({
  author: small.ann,
  key: keyOf(key),
  digest: "d",
  outcome: "refused",
  code: "forbidden",
});
