import fc from "fast-check";
import {
  type MemberRecord,
  type MessageRecord,
  mustParse,
  parseUserId,
  type RoomEvent,
} from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { messageAfter } from "./facts.ts";
import { mergeMembers, mergeMessages, type Slice, slicesOf } from "./pages.ts";

const ann = mustParse(parseUserId, "ann");
const ts = "2026-01-01T00:00:00.000Z";

/** A room's events: messages, and edits and deletions of earlier ones. */
const roomEvents = fc
  .array(fc.tuple(fc.constantFrom("create", "create", "edit", "delete"), fc.nat()), { maxLength: 60 })
  .map((steps) => {
    const events: RoomEvent[] = [];
    const open: number[] = [];
    const versions = new Map<number, number>();
    for (const [step, pick] of steps) {
      const base = { seq: events.length + 1, n: versions.size + 1, ts, author: ann };
      const target = open[pick % Math.max(1, open.length)];
      if (step === "create" || target === undefined) {
        events.push({ ...base, kind: "message.created", text: `${base.seq}` });
        open.push(base.seq);
        versions.set(base.seq, 1);
        continue;
      }
      const version = (versions.get(target) ?? 1) + 1;
      versions.set(target, version);
      if (step === "edit")
        events.push({ ...base, kind: "message.edited", target, text: `${base.seq}`, version });
      else events.push({ ...base, kind: "message.deleted", target, version });
      if (step === "delete") open.splice(open.indexOf(target), 1);
    }
    return events;
  });

/** What an archive that has taken `events` answers. */
function archivePage(events: readonly RoomEvent[], slice: Slice): readonly MessageRecord[] {
  const all = messages(events).filter(
    ({ seq }) => seq > (slice.after ?? 0) && seq < (slice.before ?? Number.POSITIVE_INFINITY),
  );
  return slice.after === undefined ? all.slice(-slice.limit) : all.slice(0, slice.limit);
}

const messages = (events: readonly RoomEvent[]): readonly MessageRecord[] =>
  events.flatMap(({ kind, seq }) => {
    if (kind !== "message.created") return [];
    const record = events.reduce<MessageRecord | undefined>(
      (row, event) => messageAfter(seq, row, [event]),
      undefined,
    );
    return record === undefined ? [] : [record];
  });

const sliceOf = fc.record({
  side: fc.constantFrom("before", "after", "newest"),
  at: fc.nat({ max: 70 }),
  limit: fc.integer({ min: 1, max: 20 }),
});

describe("pages of messages", () => {
  it("are the same wherever the archive ends and the tail begins, also where they overlap", () => {
    fc.assert(
      fc.property(
        roomEvents,
        fc.nat(),
        fc.nat(),
        sliceOf,
        (events, archivedTo, tailFrom, { side, at, limit }) => {
          const archived = events.slice(0, archivedTo % (events.length + 1));
          const tail = events.slice(Math.min(tailFrom % (events.length + 1), archived.length));
          const slice = side === "newest" ? { limit } : { [side]: at, limit };
          expect(mergeMessages(slice, archivePage(archived, slice), tail)).toEqual(
            archivePage(events, slice),
          );
        },
      ),
    );
  });

  it("around a message hold it, what is before it, and what is after it", () => {
    expect(slicesOf({ around: 50, limit: 10 })).toEqual([
      { before: 51, limit: 5 },
      { after: 50, limit: 5 },
    ]);
    expect(slicesOf({ around: 50, limit: 1 })).toEqual([{ before: 51, limit: 1 }]);
    expect(slicesOf({ after: 0, limit: 3 })).toEqual([{ after: 0, limit: 3 }]);
    expect(slicesOf({ limit: 3 })).toEqual([{ limit: 3 }]);
  });
});

describe("pages of members", () => {
  const user = (id: string) => mustParse(parseUserId, id);
  const member = (id: string): MemberRecord => ({
    user: user(id),
    role: "member",
    status: "active",
    sinceSeq: 1,
    lastSeq: 1,
  });
  const left = (id: string): RoomEvent => ({
    kind: "member.left",
    seq: 9,
    n: 0,
    ts,
    author: user(id),
    memberCount: 1,
    ownerCount: 1,
  });
  const joined = (id: string): RoomEvent => ({
    kind: "member.joined",
    seq: 9,
    n: 0,
    ts,
    author: user(id),
    role: "member",
    memberCount: 1,
    ownerCount: 1,
  });
  const page = (tail: readonly RoomEvent[], limit: number, archived = [member("a"), member("c")]) =>
    mergeMembers({ after: undefined, limit, archived, archivedLimit: 5, tail });

  it("have who came in the tail and not who left in it", () => {
    expect(page([joined("b")], 5).items.map((row) => row.user)).toEqual(["a", "b", "c"]);
    expect(page([left("a")], 5).items.map((row) => row.user)).toEqual(["c"]);
  });

  it("do not run ahead of an archive's page that was cut", () => {
    const cut = mergeMembers({
      after: undefined,
      limit: 3,
      archived: [member("a"), member("b")],
      archivedLimit: 2,
      tail: [joined("z")],
    });
    expect(cut).toMatchObject({ items: [{ user: "a" }, { user: "b" }], more: true });
  });
});
