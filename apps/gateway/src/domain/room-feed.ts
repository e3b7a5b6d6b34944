import type { ResyncReason, RoomEvent } from "@parley/protocol";

/** An entry as the feed brought it; `Item` is what the actor delivers, opaque here. */
export interface FeedEntry<Item> {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly item: Item;
}

/** A place that the room has reached, as somebody who reads the log says. */
export interface FeedHead {
  readonly epoch: number;
  readonly seq: number;
}

/** What the owner answered to a fetch. */
export interface FetchedRun {
  readonly epoch: number;
  readonly events: readonly RoomEvent[];
  readonly head: number;
}

/**
 * How far a room's members have been served, and what is in the way of serving more.
 *
 * `cold`: nothing is followed. `joining`: the feed is open, the place to begin is not known yet. `live`: everything up to
 * `last` was delivered. `repair`: there is a hole after `last`, and the room is known to reach `want`.
 */
export type RoomFeed<Item> =
  | { readonly phase: "cold" }
  | { readonly phase: "joining"; readonly held: readonly FeedEntry<Item>[]; readonly want: FeedHead }
  | { readonly phase: "live"; readonly epoch: number; readonly last: number }
  | {
      readonly phase: "repair";
      readonly epoch: number;
      readonly last: number;
      readonly want: number;
      readonly held: readonly FeedEntry<Item>[];
    };

export type FeedInput<Item> =
  | { readonly kind: "opened" }
  /** Everything up to `head` is known to whoever joins by it. */
  | { readonly kind: "started"; readonly head: FeedHead }
  | { readonly kind: "entry"; readonly entry: FeedEntry<Item> }
  | { readonly kind: "head"; readonly head: FeedHead }
  | { readonly kind: "fetched"; readonly run: FetchedRun }
  /** The hole could not be closed in time. */
  | { readonly kind: "gave-up" };

export type FeedEffect<Item> =
  | { readonly kind: "deliver"; readonly entry: FeedEntry<Item> }
  | { readonly kind: "deliver-run"; readonly epoch: number; readonly events: readonly RoomEvent[] }
  /** Ask the owner for the run after `after`. At most one such question is open; a newer one replaces it. */
  | { readonly kind: "fetch"; readonly after: number; readonly want: FeedHead }
  /** Continuity ends here: members must join again. The feed is cold. */
  | { readonly kind: "resync"; readonly reason: ResyncReason };

export interface FeedStep<Item> {
  readonly feed: RoomFeed<Item>;
  readonly effects: readonly FeedEffect<Item>[];
}

/** Entries held back while a hole is being closed. What is over it is fetched again: forgetting is safe here. */
export const heldEntriesMax = 64;

const nowhere: FeedHead = { epoch: 0, seq: 0 };

/**
 * One step of a room's feed.
 *
 * Whatever the feed loses, repeats or reorders, deliveries are a contiguous run: `deliver` and `deliver-run` begin at the
 * last delivered seq + 1, or do not happen. A hole is never passed over, since what is missing may be a removal: say 5 is a
 * ban and was lost; delivering 6 to the banned one would break the promise that the ban made.
 */
export function stepFeed<Item>(feed: RoomFeed<Item>, input: FeedInput<Item>): FeedStep<Item> {
  switch (input.kind) {
    case "opened":
      return stay({ phase: "joining", held: [], want: nowhere });
    case "started":
      return feed.phase === "joining" ? start(feed, input.head) : onHead(feed, input.head);
    case "entry":
      return onEntry(feed, input.entry);
    case "head":
      return onHead(feed, input.head);
    case "fetched":
      return onFetched(feed, input.run);
    case "gave-up":
      return feed.phase === "repair" ? resync("repair_failed") : stay(feed);
    default:
      return input satisfies never;
  }
}

const stay = <Item>(feed: RoomFeed<Item>): FeedStep<Item> => ({ feed, effects: [] });
const resync = <Item>(reason: ResyncReason): FeedStep<Item> => ({
  feed: { phase: "cold" },
  effects: [{ kind: "resync", reason }],
});

function start<Item>(feed: RoomFeed<Item> & { phase: "joining" }, head: FeedHead): FeedStep<Item> {
  // Held entries of an older epoch are void; one of a newer makes `advance` say so.
  const held = feed.held.filter((entry) => entry.epoch >= head.epoch);
  const want = feed.want.epoch === head.epoch ? feed.want.seq : head.seq;
  if (feed.want.epoch > head.epoch) return resync("epoch");
  return advance({ phase: "repair", epoch: head.epoch, last: head.seq, want, held }, []);
}

function onEntry<Item>(feed: RoomFeed<Item>, entry: FeedEntry<Item>): FeedStep<Item> {
  // An entry of refusals alone moves no seq.
  if (entry.last < entry.first) return stay(feed);
  switch (feed.phase) {
    case "cold":
      return stay(feed);
    case "joining":
      return stay({
        phase: "joining",
        held: hold(feed.held, entry),
        want: further(feed.want, { epoch: entry.epoch, seq: entry.last }),
      });
    case "live":
      if (entry.epoch === feed.epoch && entry.first === feed.last + 1) {
        return {
          feed: { phase: "live", epoch: feed.epoch, last: entry.last },
          effects: [{ kind: "deliver", entry }],
        };
      }
      return outOfLine({ ...feed, phase: "repair", want: feed.last, held: [] }, entry, true);
    case "repair":
      return outOfLine(feed, entry, false);
    default:
      return feed satisfies never;
  }
}

type Repair<Item> = RoomFeed<Item> & { phase: "repair" };

function outOfLine<Item>(feed: Repair<Item>, entry: FeedEntry<Item>, wasLive: boolean): FeedStep<Item> {
  if (entry.epoch > feed.epoch) return resync("epoch");
  if (entry.epoch < feed.epoch || entry.last <= feed.last) {
    return stay(wasLive ? { phase: "live", epoch: feed.epoch, last: feed.last } : feed);
  }
  const next = { ...feed, want: Math.max(feed.want, entry.last), held: hold(feed.held, entry) };
  // While a fetch is open nothing is asked anew, but what has come may already close the hole.
  return wasLive ? advance(next, []) : settle(next, []);
}

function onHead<Item>(feed: RoomFeed<Item>, head: FeedHead): FeedStep<Item> {
  switch (feed.phase) {
    case "cold":
      return stay(feed);
    case "joining":
      return stay({ ...feed, want: further(feed.want, head) });
    case "live":
    case "repair":
      if (head.epoch > feed.epoch) return resync("epoch");
      if (head.epoch < feed.epoch || head.seq <= feed.last) return stay(feed);
      if (feed.phase === "live") return advance({ ...feed, phase: "repair", want: head.seq, held: [] }, []);
      return stay({ ...feed, want: Math.max(feed.want, head.seq) });
    default:
      return feed satisfies never;
  }
}

function onFetched<Item>(feed: RoomFeed<Item>, run: FetchedRun): FeedStep<Item> {
  if (feed.phase !== "repair") return stay(feed);
  if (run.epoch !== feed.epoch) return run.epoch > feed.epoch ? resync("epoch") : stay(feed);
  const events = run.events.filter((event) => event.seq > feed.last);
  const dense = events.every((event, index) => event.seq === feed.last + 1 + index);
  if (!dense) return resync("repair_failed");
  const last = feed.last + events.length;
  const next = { ...feed, last, want: Math.max(feed.want, run.head) };
  return advance(next, events.length === 0 ? [] : [{ kind: "deliver-run", epoch: feed.epoch, events }]);
}

/** Delivers what has become contiguous; asks for the rest. */
function advance<Item>(feed: Repair<Item>, before: readonly FeedEffect<Item>[]): FeedStep<Item> {
  const step = settle(feed, before);
  if (step.feed.phase !== "repair") return step;
  const { epoch, last, want } = step.feed;
  return {
    feed: step.feed,
    effects: [...step.effects, { kind: "fetch", after: last, want: { epoch, seq: want } }],
  };
}

/** Delivers what has become contiguous, and goes live when nothing is missing. */
function settle<Item>(feed: Repair<Item>, before: readonly FeedEffect<Item>[]): FeedStep<Item> {
  if (feed.held.some((entry) => entry.epoch > feed.epoch)) return resync("epoch");
  const effects = [...before];
  let { last } = feed;
  for (const entry of feed.held) {
    if (entry.first !== last + 1) continue;
    effects.push({ kind: "deliver", entry });
    last = entry.last;
  }
  const held = feed.held.filter((entry) => entry.last > last);
  if (last >= feed.want) return { feed: { phase: "live", epoch: feed.epoch, last }, effects };
  return { feed: { ...feed, last, held }, effects };
}

/** Ascending by first seq, without repeats; over the bound the newest go, to be fetched later. */
function hold<Item>(held: readonly FeedEntry<Item>[], entry: FeedEntry<Item>): readonly FeedEntry<Item>[] {
  const others = held.filter((one) => one.first !== entry.first || one.epoch !== entry.epoch);
  const sorted = [...others, entry].sort(
    (left, right) => left.epoch - right.epoch || left.first - right.first,
  );
  return sorted.slice(0, heldEntriesMax);
}

function further(one: FeedHead, other: FeedHead): FeedHead {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other;
  return one.seq >= other.seq ? one : other;
}
