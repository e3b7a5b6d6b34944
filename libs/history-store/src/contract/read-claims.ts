import { mustParse, parseUserId, type RoomId, type UserId } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HistoryStore, IdPage } from "../port.ts";
import { SmallRoom, ts } from "./small-room.ts";

/** Claims about pages and lookups. */
export function readClaims(store: () => HistoryStore): void {
  describe("pages of messages", () => {
    /** Messages at every third seq, with other events between. */
    async function sparse(): Promise<SmallRoom> {
      const small = new SmallRoom(store());
      const seqs = Array.from({ length: 60 }, (_, index) => index + 1);
      const other = { kind: "member.unbanned" as const, n: 0, ts, author: small.ann, user: small.bob };
      await small.write(...seqs.map((seq) => (seq % 3 === 0 ? small.message(seq) : { ...other, seq })));
      return small;
    }
    const seqsFrom = (first: number, count: number) =>
      Array.from({ length: count }, (_, index) => first + 3 * index);

    test("neither skip nor repeat, in either direction, whatever their size", async () => {
      const { room } = await sparse();
      const property = fc.asyncProperty(fc.integer({ min: 1, max: 25 }), async (limit) => {
        const older: number[] = [];
        for (let page = await olderThan(room, undefined, limit); page.length > 0;) {
          older.unshift(...page);
          page = await olderThan(room, page[0], limit);
        }
        const newer: number[] = [];
        for (let page = await newerThan(room, 0, limit); page.length > 0;) {
          newer.push(...page);
          page = await newerThan(room, page.at(-1)!, limit);
        }
        expect(older).toEqual(seqsFrom(3, 20));
        expect(newer).toEqual(seqsFrom(3, 20));
      });
      await fc.assert(property, { numRuns: 15 });
    });
    const olderThan = async (room: RoomId, before: number | undefined, limit: number) => {
      const page = await store().messages(room, before === undefined ? { limit } : { before, limit });
      return page.map(({ seq }) => seq);
    };
    const newerThan = async (room: RoomId, after: number, limit: number) =>
      (await store().messages(room, { after, limit })).map(({ seq }) => seq);

    test("ascend whatever the direction; without a place they are the newest", async () => {
      const { room } = await sparse();
      expect(await olderThan(room, undefined, 3)).toEqual([54, 57, 60]);
      expect(await olderThan(room, 30, 3)).toEqual([21, 24, 27]);
      expect(await newerThan(room, 30, 3)).toEqual([33, 36, 39]);
      expect(await newerThan(room, 60, 3)).toEqual([]);
      expect(await olderThan(room, 3, 3)).toEqual([]);
    });

    test("go on where they were while messages come", async () => {
      const small = await sparse();
      const first = await newerThan(small.room, 0, 20);
      await small.write(small.message(61));
      expect(await newerThan(small.room, first.at(-1)!, 20)).toEqual([61]);
      expect(await olderThan(small.room, first[0], 20)).toEqual([]);
    });

    test("reach over many thousands of events without a message", async () => {
      const small = new SmallRoom(store());
      await small.write(small.message(1));
      await small.write(small.message(25_000));
      expect(await olderThan(small.room, 25_000, 5)).toEqual([1]);
      expect(await newerThan(small.room, 1, 5)).toEqual([25_000]);
    });
  });

  test("events are told from any place on, as many as asked", async () => {
    const small = new SmallRoom(store());
    const events = [1, 2, 3, 4, 5].map((seq) => small.message(seq, `naïve "${seq}" \u2028 \u0000 👩‍👩‍👧`));
    await small.write(...events);
    expect(await store().events(small.room, 0, 10)).toEqual(events);
    expect(await store().events(small.room, 2, 2)).toEqual(events.slice(2, 4));
    expect(await store().events(small.room, 5, 2)).toEqual([]);
  });

  test("what is not there is not found", async () => {
    const { room, ann } = new SmallRoom(store());
    expect(await store().room(room)).toBeUndefined();
    expect(await store().message(room, 1)).toBeUndefined();
    expect(await store().member(room, ann)).toBeUndefined();
    expect(await store().events(room, 0, 1)).toEqual([]);
    expect(await store().reactionsBy(room, ann, [1])).toEqual([]);
    expect(await store().reactionsBy(room, ann, [])).toEqual([]);
  });

  test("reactions are told of the messages named only, and of one user", async () => {
    const small = new SmallRoom(store());
    const by = { n: 2, ts, emoji: "👍" };
    await small.write(
      small.message(1),
      small.message(2),
      { kind: "reaction.added", seq: 3, target: 1, count: 1, author: small.ann, ...by },
      { kind: "reaction.added", seq: 4, target: 2, count: 1, author: small.ann, ...by },
      { kind: "reaction.added", seq: 5, target: 2, count: 2, author: small.bob, ...by },
      { kind: "reaction.removed", seq: 6, target: 2, count: 1, author: small.ann, ...by },
    );
    expect(await store().reactionsBy(small.room, small.ann, [1, 2])).toEqual([{ seq: 1, emoji: "👍" }]);
    expect(await store().reactionsBy(small.room, small.bob, [1])).toEqual([]);
    expect(await store().message(small.room, 2)).toMatchObject({ reactions: { "👍": 1 }, lastSeq: 6 });
  });

  test("active members come in pages by id, those who left do not", async () => {
    const small = new SmallRoom(store());
    const users = Array.from({ length: 9 }, (_, index) => mustParse(parseUserId, `m_${index}`));
    const counts = { memberCount: 9, ownerCount: 1 };
    const joined = users.map((author, index) => {
      const common = { seq: index + 1, n: 0, ts, author, role: "member" as const };
      return { kind: "member.joined" as const, ...common, ...counts };
    });
    const left = { kind: "member.left" as const, seq: 10, n: 0, ts, author: users[4]!, ...counts };
    await small.write(...joined.toReversed().map((event, index) => ({ ...event, seq: index + 1 })), left);
    const page = async (after: UserId | undefined) =>
      (await store().members(small.room, { after, limit: 3 })).map(({ user }) => user);
    expect(await page(undefined)).toEqual(users.slice(0, 3));
    expect(await page(users[2])).toEqual([users[3], users[5], users[6]]);
    expect(await page(users[6])).toEqual(users.slice(7));
    expect(await store().member(small.room, users[4]!)).toMatchObject({
      status: "left",
      role: "member",
      lastSeq: 10,
    });
  });

  test("a banned stranger is known as banned, with no seq of coming in", async () => {
    const small = new SmallRoom(store());
    const counts = { memberCount: 1, ownerCount: 1 };
    const { ann: author, bob: user, room } = small;
    await small.write({ kind: "member.banned", seq: 1, n: 0, ts, author, user, ...counts });
    expect(await store().member(room, user)).toEqual({
      user,
      role: "member",
      status: "banned",
      sinceSeq: 0,
      lastSeq: 1,
    });
    expect(await store().roomsOf(user, { after: undefined, limit: 5 })).toEqual([]);
  });

  test("a user's rooms come in pages by id", async () => {
    const rooms = [new SmallRoom(store()), new SmallRoom(store()), new SmallRoom(store())];
    const { ann: author } = rooms[0]!;
    const common = { kind: "member.joined" as const, seq: 1, n: 0, ts, author, role: "member" as const };
    for (const small of rooms) await small.write({ ...common, memberCount: 1, ownerCount: 0 });
    const ids = rooms.map(({ room }) => room).sort();
    const page = (of: IdPage<RoomId>) => store().roomsOf(author, of);
    expect(await page({ after: undefined, limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await page({ after: ids[1], limit: 2 })).toEqual(ids.slice(2));
  });

  test("public rooms are found by a part of their name regardless of case, taken literally", async () => {
    const [crew, other, hidden] = [new SmallRoom(store()), new SmallRoom(store()), new SmallRoom(store())];
    const tag = `${crew.room}.`;
    await crew.write(crew.created(`${tag} 100% Équipage_Ärzte`));
    await other.write(other.created(`${tag} 100 Équipages`));
    await hidden.write(hidden.created(`${tag} 100% équipage_ärzte`, "group"));
    const found = async (query: string) => {
      const rooms = await store().publicRooms(query, { after: undefined, limit: 10 });
      return rooms.map(({ record }) => record.room);
    };
    expect(await found(`${tag} 100% éQUIPAGE_ÄRZTE`)).toEqual([crew.room]);
    expect(await found(`${tag} 100`)).toEqual([crew.room, other.room].sort());
    const paged = await store().publicRooms(tag, { after: [crew.room, other.room].sort()[0], limit: 10 });
    expect(paged.map(({ record }) => record.room)).toEqual([crew.room, other.room].sort().slice(1));
    const all = await store().publicRooms(undefined, { after: undefined, limit: 100_000 });
    expect(all.map(({ record }) => record.room)).toEqual(expect.arrayContaining([crew.room, other.room]));
    expect(all.map(({ record }) => record.room)).not.toContain(hidden.room);
  });
}
