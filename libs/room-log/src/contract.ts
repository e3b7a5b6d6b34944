import type { Entry, RoomId } from "@parley/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { entryOf, partitions, roomsOf } from "./contract/entries.ts";
import type { AppendOutcome, Position, RoomLog, StoredEntry } from "./port.ts";

/** A fresh log of four partitions. Disposing it forgets all. */
export interface LogUnderTest extends AsyncDisposable {
  readonly log: RoomLog;
  /** Closes the log and opens another on the same data; `log` is that one from then on. */
  reopen(): Promise<void>;
}

export interface LogUnderTestOptions {
  readonly partitions: number;
  /** What one partition may hold before it is full, about. */
  readonly bytesMax: number;
}

export type OpenLogUnderTest = (options: LogUnderTestOptions) => Promise<LogUnderTest>;

const roomy = 64 * 1024 * 1024;
const deadlineMs = 5_000;
const everything = 10_000;
const everyAge = Number.MAX_SAFE_INTEGER;
const [room, sister] = roomsOf(1) as [RoomId, RoomId];
const [stranger] = roomsOf(2) as [RoomId];

const positionsOf = (entries: readonly StoredEntry[]) => entries.map((stored) => stored.position);
const idsOf = (entries: readonly StoredEntry[]) => entries.map((stored) => stored.entry.header.id);
const rising = (positions: readonly Position[]) => [...new Set(positions)].sort((a, b) => a - b);
const confirmations = (outcomes: readonly AppendOutcome[]) =>
  outcomes.filter((outcome) => outcome.kind === "confirmed");

/** The promises of `RoomLog`, on a real log. */
export function roomLogContract(name: string, open: OpenLogUnderTest): void {
  describe(`the room log contract, ${name}`, () => {
    let subject: LogUnderTest;
    const log = (): RoomLog => subject.log;

    beforeEach(async () => {
      subject = await open({ partitions, bytesMax: roomy });
    });

    afterEach(async () => {
      await subject[Symbol.asyncDispose]();
    });

    /** Appends where the room is; the position. */
    async function add(entry: Entry): Promise<Position> {
      const after = (await log().last(entry.header.room))?.position ?? 0;
      const outcome = await log().append(entry, after, { deadlineMs });
      if (outcome.kind !== "confirmed") throw new Error(`not confirmed: ${JSON.stringify(outcome)}`);
      return outcome.position;
    }

    async function addAll(entries: readonly Entry[]): Promise<readonly Position[]> {
      const positions: Position[] = [];
      for (const entry of entries) positions.push(await add(entry));
      return positions;
    }

    describe("an empty log", () => {
      test("holds nothing, at position 0", async () => {
        expect(await log().last(room)).toBeUndefined();
        expect(await log().lastPosition(1)).toBe(0);
        expect(await log().readRoom(room, 0, everything)).toEqual([]);
        expect(await log().read(1, 0, everything)).toEqual([]);
        expect(await log().purge(1, everything, everyAge)).toBe(0);
      });

      test("has its partitions and a positive epoch, which opening again does not change", async () => {
        const epoch = log().epoch(1);
        expect(log().partitions).toBe(partitions);
        expect(epoch).toBeGreaterThan(0);
        await subject.reopen();
        expect(log().epoch(1)).toBe(epoch);
      });
    });

    describe("append", () => {
      test("gives back header and payload byte for byte, also after opening again", async () => {
        const entries = [entryOf(room, "naïve 👩‍👩‍👧 \u2028 text"), entryOf(room, "")];
        await addAll(entries);
        await subject.reopen();
        const stored = await log().readRoom(room, 0, everything);
        expect(stored.map(({ entry }) => entry.header)).toEqual(entries.map((entry) => entry.header));
        expect(stored.map(({ entry }) => Buffer.from(entry.payload))).toEqual(
          entries.map((entry) => Buffer.from(entry.payload)),
        );
      });

      test("confirms at rising positions, and the newest entry is the last", async () => {
        const positions = await addAll([entryOf(room), entryOf(sister), entryOf(room)]);
        expect(positions).toEqual(rising(positions));
        expect((await log().last(room))?.position).toBe(positions[2]);
        expect((await log().last(sister))?.position).toBe(positions[1]);
        expect(await log().lastPosition(1)).toBe(positions[2]);
      });

      test("after another position than the room's last is a conflict that names it, and stores nothing", async () => {
        const [first = 0, second = 0] = await addAll([entryOf(room), entryOf(room)]);
        for (const after of [0, first, second + 1]) {
          expect(await log().append(entryOf(room), after, { deadlineMs })).toEqual({
            kind: "conflict",
            actual: second,
          });
        }
        expect(positionsOf(await log().readRoom(room, 0, everything))).toEqual([first, second]);
      });

      test("in an empty room after a position is a conflict with 0", async () => {
        await add(entryOf(sister));
        expect(await log().append(entryOf(room), 1, { deadlineMs })).toEqual({ kind: "conflict", actual: 0 });
      });

      test("of many after the same position exactly one is confirmed, and that one is stored", async () => {
        const after = await add(entryOf(room));
        const rivals = Array.from({ length: 16 }, () => entryOf(room));
        const ask = (entry: Entry) => log().append(entry, after, { deadlineMs });
        const outcomes = await Promise.all(rivals.map(ask));
        const winner = outcomes.findIndex((outcome) => outcome.kind === "confirmed");
        expect(confirmations(outcomes)).toHaveLength(1);
        expect(idsOf(await log().readRoom(room, after, everything))).toEqual([rivals[winner]?.header.id]);
      });

      test("whose answer was not waited for, asked again, is stored once and found by its id", async () => {
        const after = await add(entryOf(room));
        const entry = entryOf(room);
        await log().append(entry, after, { deadlineMs: 0 });
        const again = await log().append(entry, after, { deadlineMs });
        const last = await log().last(room);
        expect(last?.entry.header.id).toBe(entry.header.id);
        expect(again).toEqual(
          again.kind === "confirmed"
            ? { kind: "confirmed", position: last?.position }
            : { kind: "conflict", actual: last?.position },
        );
        expect(idsOf(await log().readRoom(room, after, everything))).toEqual([entry.header.id]);
      });

      test("in many rooms at once keeps each room's order, and one order of the partition", async () => {
        const rooms = roomsOf(1).slice(0, 8);
        await Promise.all(rooms.map((of) => addAll(Array.from({ length: 10 }, () => entryOf(of)))));
        const all = await log().read(1, 0, everything);
        expect(all).toHaveLength(rooms.length * 10);
        expect(positionsOf(all)).toEqual(rising(positionsOf(all)));
        for (const of of rooms) {
          const own = all.filter(({ entry }) => entry.header.room === of);
          expect(idsOf(own)).toEqual(idsOf(await log().readRoom(of, 0, everything)));
        }
      });
    });

    describe("reads", () => {
      test("yield what is above a position, ascending, at most as many as asked", async () => {
        const positions = await addAll(Array.from({ length: 6 }, () => entryOf(room)));
        expect(positionsOf(await log().readRoom(room, positions[1]!, 3))).toEqual(positions.slice(2, 5));
        expect(positionsOf(await log().read(1, positions[2]!, 2))).toEqual(positions.slice(3, 5));
        expect(await log().readRoom(room, positions[5]!, 3)).toEqual([]);
        expect(await log().read(1, positions[5]!, 3)).toEqual([]);
      });

      test("never mix rooms, nor partitions", async () => {
        const own = [entryOf(room), entryOf(room)];
        await addAll([own[0]!, entryOf(sister), entryOf(stranger), own[1]!]);
        expect(idsOf(await log().readRoom(room, 0, everything))).toEqual(own.map((entry) => entry.header.id));
        expect(await log().read(1, 0, everything)).toHaveLength(3);
        expect(await log().read(2, 0, everything)).toHaveLength(1);
      });
    });

    describe("follow", () => {
      /** The first `count` entries that a follower sees. */
      async function followed(after: Position, count: number): Promise<readonly StoredEntry[]> {
        const stop = new AbortController();
        const seen: StoredEntry[] = [];
        for await (const batch of log().follow(1, after, stop.signal)) {
          expect(batch.length).toBeGreaterThan(0);
          seen.push(...batch);
          if (seen.length >= count) stop.abort();
        }
        return seen;
      }

      test("yields everything in order and without a hole while appends go on", async () => {
        const following = followed(0, 60);
        const rooms = roomsOf(1).slice(0, 6);
        await Promise.all(rooms.map((of) => addAll(Array.from({ length: 10 }, () => entryOf(of)))));
        expect(await following).toEqual(await log().read(1, 0, everything));
      });

      test("begins above the position given, with what is there and goes on with what comes", async () => {
        const positions = await addAll(Array.from({ length: 5 }, () => entryOf(room)));
        const following = followed(positions[2]!, 4);
        const later = await addAll([entryOf(stranger), entryOf(room), entryOf(sister)]);
        expect(positionsOf(await following)).toEqual([...positions.slice(3), ...later.slice(1)]);
      });

      test("yields more than one batch holds", async () => {
        const entries = Array.from({ length: 20 }, () => Array.from({ length: 30 }, () => entryOf(room)));
        for (const group of entries) await addAll(group);
        const seen = await followed(0, 600);
        expect(idsOf(seen)).toEqual(entries.flat().map((entry) => entry.header.id));
      });

      test("ends when it is told to, also while nothing comes", async () => {
        const stop = new AbortController();
        const following = followedUntil(log().follow(1, 0, stop.signal));
        await add(entryOf(stranger));
        stop.abort();
        expect(await following).toEqual([]);
        expect(await followedUntil(log().follow(1, 0, stop.signal))).toEqual([]);
      });
    });

    describe("purge", () => {
      test("forgets what is at or below a position, and nothing above it or of another partition", async () => {
        const positions = await addAll([entryOf(room), entryOf(sister), entryOf(room)]);
        await add(entryOf(stranger));
        expect(await log().purge(1, positions[1]!, everyAge)).toBe(2);
        expect(positionsOf(await log().read(1, 0, everything))).toEqual(positions.slice(2));
        expect(await log().read(2, 0, everything)).toHaveLength(1);
        expect(await log().last(sister)).toBeUndefined();
      });

      test("keeps what is too young", async () => {
        const positions = await addAll([entryOf(room), entryOf(room)]);
        const [first, second] = await log().read(1, 0, everything);
        expect(await log().purge(1, positions[1]!, first!.storedAtMs)).toBe(0);
        expect(await log().purge(1, positions[1]!, second!.storedAtMs + 1)).toBe(2);
      });

      test("of everything leaves the positions rising, also after opening again", async () => {
        const positions = [...(await addAll([entryOf(room), entryOf(sister)]))];
        expect(await log().purge(1, positions[1]!, everyAge)).toBe(2);
        expect(await log().lastPosition(1)).toBe(positions[1]);
        await subject.reopen();
        expect(await log().lastPosition(1)).toBe(positions[1]);
        positions.push(await add(entryOf(room)));
        expect(positions).toEqual(rising(positions));
        expect(await log().purge(1, positions[2]!, everyAge)).toBe(1);
        expect(await log().lastPosition(1)).toBe(positions[2]);
      });

      test("of a whole room leaves it at 0: its old position is a conflict, and 0 matches", async () => {
        const old = await add(entryOf(room));
        await log().purge(1, old, everyAge);
        expect(await log().last(room)).toBeUndefined();
        expect(await log().append(entryOf(room), old, { deadlineMs })).toEqual({
          kind: "conflict",
          actual: 0,
        });
        expect((await log().append(entryOf(room), 0, { deadlineMs })).kind).toBe("confirmed");
      });

      test("under a follower takes nothing that it has not passed", async () => {
        const positions = await addAll([entryOf(room), entryOf(room), entryOf(room)]);
        await log().purge(1, positions[0]!, everyAge);
        const stop = new AbortController();
        const follower = log().follow(1, 0, stop.signal)[Symbol.asyncIterator]();
        const batch = await follower.next();
        expect(batch.done ? [] : positionsOf(batch.value)).toEqual(positions.slice(1));
        stop.abort();
        await follower.return?.();
      });
    });

    test("a full log refuses and forgets nothing, and goes on when it has room again", async () => {
      await using small = await open({ partitions, bytesMax: 64 * 1024 });
      const stored: Position[] = [];
      let outcome: AppendOutcome = { kind: "confirmed", position: 0 };
      for (let count = 0; outcome.kind === "confirmed" && count < 200; count += 1) {
        const after = stored.at(-1) ?? 0;
        outcome = await small.log.append(entryOf(room, "x".repeat(1_000)), after, { deadlineMs });
        if (outcome.kind === "confirmed") stored.push(outcome.position);
      }
      expect(outcome).toEqual({ kind: "full" });
      expect(positionsOf(await small.log.read(1, 0, everything))).toEqual(stored);
      expect((await small.log.last(room))?.position).toBe(stored.at(-1));

      await small.log.purge(1, stored[20]!, everyAge);
      const again = await small.log.append(entryOf(room, "x".repeat(1_000)), stored.at(-1)!, { deadlineMs });
      expect(again.kind).toBe("confirmed");
    });

    test("any run of appends, stale appends and purges leaves what a list would hold", async () => {
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.record({ kind: fc.constant("append" as const), room: fc.nat(2) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant("stale" as const), room: fc.nat(2) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const), keep: fc.nat(4) }) },
      );
      const rooms = roomsOf(3).slice(0, 3);
      let held = await log().read(3, 0, everything);
      let newest = 0;
      const take = async (taken: StepOf<typeof step>): Promise<boolean> => {
        if (taken.kind === "purge") {
          const upTo = held.at(-1 - taken.keep)?.position ?? 0;
          const count = held.length;
          held = held.filter((entry) => entry.position > upTo);
          return (await log().purge(3, upTo, everyAge)) === count - held.length;
        }
        const of = rooms[taken.room]!;
        const last = held.findLast((entry) => entry.entry.header.room === of)?.position ?? 0;
        const after = taken.kind === "stale" ? last + 1 : last;
        const outcome = await log().append(entryOf(of), after, { deadlineMs });
        if (outcome.kind === "confirmed") {
          held = [...held, (await log().last(of))!];
          newest = outcome.position;
        }
        return outcome.kind === (taken.kind === "stale" ? "conflict" : "confirmed");
      };
      const run = async (steps: readonly StepOf<typeof step>[]) => {
        for (const taken of steps) expect(await take(taken)).toBe(true);
        expect(await log().read(3, 0, everything)).toEqual(held);
        expect(await log().lastPosition(3)).toBe(newest);
      };
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), run), { numRuns: 20 });
    });
  });
}

type StepOf<Arb> = Arb extends fc.Arbitrary<infer Step> ? Step : never;

async function followedUntil(
  batches: AsyncIterable<readonly StoredEntry[]>,
): Promise<readonly StoredEntry[]> {
  const seen: StoredEntry[] = [];
  for await (const batch of batches) seen.push(...batch);
  return seen;
}
