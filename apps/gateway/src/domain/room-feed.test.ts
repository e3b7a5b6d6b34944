import { mustParse, parseUserId, type RoomEvent } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FeedEffect,
  type FeedEntry,
  type FeedInput,
  heldEntriesMax,
  type RoomFeed,
  stepFeed,
} from "./room-feed.ts";

type Item = string;
const author = mustParse(parseUserId, "ann");

const event = (seq: number): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts: "2026-11-22T00:00:00.000Z",
  author,
  text: "",
});
const events = (first: number, last: number): RoomEvent[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => event(first + index));
const entry = (first: number, last: number, epoch = 1): FeedEntry<Item> => ({ epoch, first, last, item: "" });

/** A feed and what it has done, for tests that tell a story. */
function feed(start?: { readonly epoch: number; readonly seq: number }) {
  let state: RoomFeed<Item> = { phase: "cold" };
  const effects: FeedEffect<Item>[] = [];
  const step = (input: FeedInput<Item>): readonly FeedEffect<Item>[] => {
    const next = stepFeed(state, input);
    state = next.feed;
    effects.push(...next.effects);
    return next.effects;
  };
  step({ kind: "opened" });
  if (start !== undefined) step({ kind: "started", head: start });
  return {
    step,
    effects,
    phase: () => state.phase,
    hears: (one: FeedEntry<Item>) => step({ kind: "entry", entry: one }),
  };
}

const delivered = (effects: readonly FeedEffect<Item>[]): readonly number[] =>
  effects.flatMap((effect) => {
    if (effect.kind === "deliver") return events(effect.entry.first, effect.entry.last).map(({ seq }) => seq);
    return effect.kind === "deliver-run" ? effect.events.map(({ seq }) => seq) : [];
  });

describe("a live feed", () => {
  it("delivers the entry that comes next", () => {
    const { hears } = feed({ epoch: 1, seq: 4 });
    expect(hears(entry(5, 7))).toEqual([{ kind: "deliver", entry: entry(5, 7) }]);
  });

  it("drops what was delivered before", () => {
    const { hears } = feed({ epoch: 1, seq: 4 });
    expect(hears(entry(2, 4))).toEqual([]);
  });

  it("takes no notice of an entry without events", () => {
    const { hears, phase } = feed({ epoch: 1, seq: 4 });
    expect(hears(entry(9, 8))).toEqual([]);
    expect(phase()).toBe("live");
  });

  it("asks for what is missing, and delivers nothing past it", () => {
    const { hears } = feed({ epoch: 1, seq: 4 });
    expect(hears(entry(6, 6))).toEqual([{ kind: "fetch", after: 4, want: { epoch: 1, seq: 6 } }]);
    expect(hears(entry(7, 7))).toEqual([]);
  });

  it("asks when a head is named that it has not reached", () => {
    const { step } = feed({ epoch: 1, seq: 4 });
    expect(step({ kind: "head", head: { epoch: 1, seq: 5 } })).toEqual([
      { kind: "fetch", after: 4, want: { epoch: 1, seq: 5 } },
    ]);
  });

  it("ends when an entry of a newer epoch comes", () => {
    const { hears, phase } = feed({ epoch: 1, seq: 4 });
    expect(hears(entry(5, 5, 2))).toEqual([{ kind: "resync", reason: "epoch" }]);
    expect(phase()).toBe("cold");
  });

  it("drops entries of an older epoch", () => {
    const { hears } = feed({ epoch: 2, seq: 4 });
    expect(hears(entry(5, 5, 1))).toEqual([]);
  });
});

describe("a feed that joins", () => {
  it("holds entries until the place to begin is known", () => {
    const { hears, step } = feed();
    expect(hears(entry(4, 5))).toEqual([]);
    expect(hears(entry(6, 6))).toEqual([]);
    expect(delivered(step({ kind: "started", head: { epoch: 1, seq: 5 } }))).toEqual([6]);
  });

  it("asks for what lies between the beginning and the first entry it heard", () => {
    const { hears, step } = feed();
    hears(entry(8, 8));
    expect(step({ kind: "started", head: { epoch: 1, seq: 5 } })).toContainEqual({
      kind: "fetch",
      after: 5,
      want: { epoch: 1, seq: 8 },
    });
  });
});

describe("a repair", () => {
  it("delivers the fetched run and then what was held", () => {
    const { hears, step, phase } = feed({ epoch: 1, seq: 4 });
    hears(entry(7, 8));
    const effects = step({ kind: "fetched", run: { epoch: 1, events: events(5, 6), head: 8 } });
    expect(delivered(effects)).toEqual([5, 6, 7, 8]);
    expect(phase()).toBe("live");
  });

  it("is over when the missing entry arrives late", () => {
    const { hears, phase } = feed({ epoch: 1, seq: 4 });
    hears(entry(6, 6));
    expect(delivered(hears(entry(5, 5)))).toEqual([5, 6]);
    expect(phase()).toBe("live");
  });

  it("asks again when the run did not reach the head", () => {
    const { hears, step } = feed({ epoch: 1, seq: 4 });
    hears(entry(9, 9));
    const effects = step({ kind: "fetched", run: { epoch: 1, events: events(5, 6), head: 9 } });
    expect(effects.at(-1)).toEqual({ kind: "fetch", after: 6, want: { epoch: 1, seq: 9 } });
  });

  it("fails closed when it takes too long", () => {
    const { hears, step, phase } = feed({ epoch: 1, seq: 4 });
    hears(entry(6, 6));
    expect(step({ kind: "gave-up" })).toEqual([{ kind: "resync", reason: "repair_failed" }]);
    expect(phase()).toBe("cold");
  });

  it("does not take a run with a hole for one", () => {
    const { hears, step } = feed({ epoch: 1, seq: 4 });
    hears(entry(8, 8));
    const run = { epoch: 1, events: [event(5), event(7)], head: 8 };
    expect(step({ kind: "fetched", run })).toEqual([{ kind: "resync", reason: "repair_failed" }]);
  });

  it("holds no more than its bound, and fetches the rest", () => {
    const { hears, step } = feed({ epoch: 1, seq: 1 });
    const last = 3 + heldEntriesMax * 2;
    for (let seq = 3; seq <= last; seq += 1) hears(entry(seq, seq));
    const effects = step({ kind: "fetched", run: { epoch: 1, events: [event(2)], head: last } });
    expect(delivered(effects)).toHaveLength(1 + heldEntriesMax);
    expect(effects.at(-1)).toMatchObject({ kind: "fetch", after: 2 + heldEntriesMax });
  });
});

/** A log of entries with these lengths, and what becomes of each on its way: lost, doubled, delayed. */
const storm = fc.record({
  lengths: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 25 }),
  startAfter: fc.nat(8),
  fates: fc.array(fc.constantFrom("passes", "lost", "doubled", "late", "pulse", "answered"), {
    minLength: 25,
    maxLength: 25,
  }),
});

describe("whatever the feed loses, repeats or reorders", () => {
  it("members get one contiguous run, which reaches the head once a pulse is heard and the owner answers", () => {
    fc.assert(
      fc.property(storm, ({ lengths, startAfter, fates }) => {
        const log = entriesOf(lengths);
        const start = log.slice(0, startAfter).at(-1)?.last ?? 0;
        const { step, hears, effects, phase } = feed({ epoch: 1, seq: start });
        const late: FeedEntry<Item>[] = [];
        let stored = start;
        const answer = (): void => {
          const asked = effects.findLast((effect) => effect.kind === "fetch");
          if (asked === undefined) return;
          step({
            kind: "fetched",
            run: { epoch: 1, events: events(asked.after + 1, stored).slice(0, 5), head: stored },
          });
        };
        for (const [index, one] of log.slice(startAfter).entries()) {
          stored = Math.max(stored, one.last);
          const fate = fates[index];
          if (fate === "late") late.push(one);
          else if (fate !== "lost") hears(one);
          if (fate === "doubled") hears(one);
          if (fate === "pulse") step({ kind: "head", head: { epoch: 1, seq: stored } });
          if (fate === "answered") answer();
          if (fate === "passes") for (const delayed of late.splice(0).toReversed()) hears(delayed);
          expect(delivered(effects)).toEqual(range(start + 1, delivered(effects).at(-1) ?? start));
        }
        step({ kind: "head", head: { epoch: 1, seq: stored } });
        for (let round = 0; round <= stored && phase() === "repair"; round += 1) answer();
        expect(delivered(effects)).toEqual(range(start + 1, stored));
      }),
      { numRuns: 400 },
    );
  });
});

function entriesOf(lengths: readonly number[]): readonly FeedEntry<Item>[] {
  let last = 0;
  return lengths.map((length) => {
    const one = entry(last + 1, last + length);
    last = one.last;
    return one;
  });
}

const range = (first: number, last: number): readonly number[] => events(first, last).map(({ seq }) => seq);
