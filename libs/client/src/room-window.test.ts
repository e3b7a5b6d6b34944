import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RoomWindow } from "./room-window.ts";
import { payload, run } from "./testing/room-log-model.ts";

const seqs = (events: readonly { readonly seq: number }[]) => events.map(({ seq }) => seq);

describe("a room's window", () => {
  test("applies what continues, drops what came before, holds what lies past a hole", () => {
    const window = new RoomWindow(100);
    window.place({ epoch: 1, seq: 10 });
    expect(seqs(window.offer(payload(11, 12)).apply)).toEqual([11, 12]);
    expect(window.offer(payload(11, 12))).toMatchObject({ apply: [], duplicates: 2 });
    expect(window.offer(payload(15, 16)).apply).toEqual([]);
    expect(window.behind).toBe(true);
    const offered = window.offer(payload(12, 14));
    expect([seqs(offered.apply), offered.duplicates]).toEqual([[13, 14, 15, 16], 1]);
    expect([window.behind, window.cursor]).toEqual([false, { epoch: 1, seq: 16 }]);
  });

  test("holds everything until it is placed", () => {
    const window = new RoomWindow(100);
    expect(window.offer(payload(6, 6)).apply).toEqual([]);
    expect(window.offer(payload(5, 5)).apply).toEqual([]);
    expect(seqs(window.place({ epoch: 1, seq: 4 }).apply)).toEqual([5, 6]);
  });

  test("knows of what it had no room to hold", () => {
    const window = new RoomWindow(2);
    window.place({ epoch: 1, seq: 0 });
    window.offer(payload(3, 4));
    expect(window.offer(payload(5, 5)).heldDropped).toBe(1);
    expect(seqs(window.offer(payload(1, 2)).apply)).toEqual([1, 2, 3, 4]);
    expect([window.behind, window.head]).toEqual([true, 5]);
  });

  test("knows of what it had no room to hold before it was placed", () => {
    const window = new RoomWindow(0);
    window.offer(payload(8, 9));
    window.place({ epoch: 1, seq: 7 });
    expect([window.behind, window.head]).toEqual([true, 9]);
  });

  test("applies nothing of a later epoch before it was placed there, and nothing of an earlier one after", () => {
    const window = new RoomWindow(100);
    window.place({ epoch: 1, seq: 4 });
    expect(window.offer(payload(5, 5, 2))).toMatchObject({ apply: [], laterEpoch: true });
    expect(seqs(window.place({ epoch: 2, seq: 4 }).apply)).toEqual([5]);
    expect(window.offer(payload(6, 6, 1))).toMatchObject({ apply: [], laterEpoch: false });
    expect(window.behind).toBe(false);
  });

  test("goes on after what is hidden from its user", () => {
    const window = new RoomWindow(100);
    window.place({ epoch: 1, seq: 0 });
    window.offer(payload(5, 6));
    expect(seqs(window.skipTo(4).apply)).toEqual([5, 6]);
  });
});

/** Runs of a log that a network may deliver in any order, any number of times, or not at all. */
const delivery = fc
  .record({ first: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 1, max: 12 }) })
  .map(({ first, length }) => [first, Math.min(60, first + length - 1)] as const);

test("whatever arrives, in whatever order, the applied events are one run that equals the log after repair", () => {
  fc.assert(
    fc.property(
      fc.array(delivery, { maxLength: 60 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 40 }),
      (deliveries, start, heldMax) => {
        const window = new RoomWindow(heldMax);
        const applied: number[] = [];
        const take = (events: readonly { readonly seq: number }[]) => applied.push(...seqs(events));
        take(window.place({ epoch: 1, seq: start }).apply);
        for (const [first, last] of deliveries) take(window.offer(payload(first, last)).apply);
        expect(applied).toEqual(seqs(run(start + 1, start + applied.length)));
        const newest = Math.max(start, ...deliveries.map(([, last]) => last));
        expect(window.head).toBe(newest);
        // The repair: pages of at most 7 from where the window is.
        while (window.behind) {
          const after = window.cursor!.seq;
          take(window.offer(payload(after + 1, Math.min(newest, after + 7))).apply);
        }
        expect(applied).toEqual(seqs(run(start + 1, newest)));
      },
    ),
    { numRuns: 500 },
  );
});
