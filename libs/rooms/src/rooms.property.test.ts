import {
  type Action,
  type MemberRecord,
  type MessageRecord,
  type RoomEvent,
  RoomEventSchema,
  type RoomKind,
  roomKinds,
  roles,
  type UserId,
  validator,
} from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyRoom, evolve } from "./evolve.ts";
import { foldMember } from "./fold-member.ts";
import { foldMessage, foldReaction } from "./fold-message.ts";
import { RoomOracle } from "./room-oracle.ts";
import { ann, bob, cas, dee, outcome, RoomUnderTest, user } from "./room-under-test.ts";

const users = [ann, bob, cas, dee, user("eve")];
const emojis = ["a", "b", "__proto__"];
/** Small, so that every limit is met in a short run. */
const limits = { reactionKindsMax: 2, roomPinsMax: 2, roomMembersMax: 4 };
/** Above what a story makes. */
const seqMax = 82;

interface Step {
  readonly author: UserId;
  /** A `seq` in it is the number of a message to be looked up among those that are there. */
  readonly action: Action;
  /** How far the owner's clock moves before; it may go back. */
  readonly moveMs: number;
}

interface Story {
  readonly kind: RoomKind;
  readonly steps: readonly Step[];
}

const anyUser = fc.constantFrom(...users);
const anyRole = fc.constantFrom(...roles);
const anyEmoji = fc.constantFrom(...emojis);
const anyText = fc.constantFrom("one", "two", "<@bob> <@dee>");
const anySettings = { slowModeMs: fc.constantFrom(0, 60_000), history: fc.constantFrom("all", "since-join") };
type Fields = Record<string, fc.Arbitrary<unknown>>;

function of(kind: Action["kind"], fields: Fields = {}, optional: Fields = {}): fc.Arbitrary<Action> {
  const model: Fields = { kind: fc.constant(kind), ...fields, ...optional };
  return fc.record(model, {
    requiredKeys: ["kind", ...Object.keys(fields)],
  }) as unknown as fc.Arbitrary<Action>;
}

const seq = fc.nat({ max: 30 });
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: of("send", { text: anyText }, { replyTo: seq }) },
  { weight: 2, arbitrary: of("edit", { seq, text: anyText }, { ifVersion: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 2, arbitrary: of("delete", { seq }) },
  { weight: 8, arbitrary: of("react", { seq, emoji: anyEmoji }) },
  { weight: 4, arbitrary: of("unreact", { seq, emoji: anyEmoji }) },
  { weight: 6, arbitrary: of("pin", { seq }) },
  { weight: 2, arbitrary: of("unpin", { seq }) },
  { weight: 3, arbitrary: of("member.join") },
  { weight: 1, arbitrary: of("member.leave") },
  { weight: 3, arbitrary: of("member.add", { user: anyUser }, { role: anyRole }) },
  { weight: 1, arbitrary: of("member.remove", { user: anyUser }) },
  { weight: 2, arbitrary: of("member.role", { user: anyUser, role: anyRole }) },
  { weight: 1, arbitrary: of("member.ban", { user: anyUser }) },
  { weight: 2, arbitrary: of("member.unban", { user: anyUser }) },
  { weight: 1, arbitrary: of("room.update", {}, { name: fc.constantFrom("den", "pit"), ...anySettings }) },
  { weight: 1, arbitrary: of("room.archive", { archived: fc.constantFrom(true, false, false, false) }) },
);

const anyStory: fc.Arbitrary<Story> = fc.record({
  kind: fc.constantFrom(...roomKinds),
  steps: fc.array(
    // Ann owns the room at first: more is done when she does more.
    fc.record({
      author: fc.oneof(fc.constant(ann), anyUser),
      action: anyAction,
      moveMs: fc.integer({ min: -500, max: 1_500 }),
    }),
    { minLength: 10, maxLength: 80, size: "max" },
  ),
});

function begin(kind: RoomKind): RoomUnderTest {
  const chat = new RoomUnderTest({ limits });
  chat.given(ann, { kind: "room.create", roomKind: kind, members: kind === "direct" ? [bob] : [bob, cas] });
  return chat;
}

/** Message numbers go round; one more than there are messages is one that is not there. */
function addressed(chat: RoomUnderTest, action: Action): Action {
  const seqs = [...chat.messages.keys(), 1];
  const seqOf = (number: number): number => seqs[number % seqs.length] ?? 1;
  if ("seq" in action) return { ...action, seq: seqOf(action.seq) };
  if (action.kind !== "send" || action.replyTo === undefined) return action;
  return { ...action, replyTo: seqOf(action.replyTo) };
}

/** Plays a story; `look` gets each step before it is taken, and takes it. */
function play({ kind, steps }: Story, look: (chat: RoomUnderTest, step: Step) => void): RoomUnderTest {
  const chat = begin(kind);
  for (const step of steps) {
    chat.nowMs += step.moveMs;
    look(chat, { ...step, action: addressed(chat, step.action) });
  }
  return chat;
}

const told = (story: Story): RoomUnderTest =>
  play(story, (chat, { author, action }) => {
    chat.give(author, action);
  });

/** Plays a story beside the oracle. */
function watch(
  story: Story,
  look: (chat: RoomUnderTest, seen: { oracle: RoomOracle; got: string; step: Step; before: Before }) => void,
): void {
  const oracle = new RoomOracle();
  for (const event of begin(story.kind).events) oracle.apply(event);
  play(story, (chat, step) => {
    const before = { isIn: oracle.active.has(step.author), isBanned: oracle.banned.has(step.author) };
    const decision = chat.give(step.author, step.action);
    if (decision.kind === "events") for (const event of decision.events) oracle.apply(event);
    look(chat, { oracle, got: outcome(decision), step, before });
  });
}

interface Before {
  readonly isIn: boolean;
  readonly isBanned: boolean;
}

const check = (property: (story: Story) => void): void =>
  fc.assert(fc.property(anyStory, property), { numRuns: 300 });

describe("whatever anybody asks of a room", () => {
  test("its order is dense, its messages are counted and its time never goes back", () => {
    check((story) => {
      const { events } = told(story);
      let n = 0;
      let ts = "";
      for (const [index, event] of events.entries()) {
        if (event.kind === "message.created") n += 1;
        expect([event.seq, event.n]).toEqual([index + 1, n]);
        expect(event.ts >= ts).toBe(true);
        ts = event.ts;
      }
    });
  });

  test("its events are of members only, and who is out or banned is refused", () => {
    check((story) => {
      watch(story, (_, { got, step, before }) => {
        const refusal = before.isBanned ? "banned" : "not_member";
        const mayAct = before.isIn || (step.action.kind === "member.join" && !before.isBanned);
        expect({ step, got }).toEqual({ step, got: mayAct ? got : refusal });
      });
    });
  });

  test("what it counts is what there is", () => {
    check((story) => {
      watch(story, ({ room, members, messages }, { oracle }) => {
        expect([room.memberCount, room.ownerCount, room.n]).toEqual([
          oracle.active.size,
          oracle.owners,
          oracle.created,
        ]);
        expect(room.pins).toEqual(oracle.pins);
        const active = [...members.values()].filter(({ status }) => status === "active");
        expect(new Map(active.map(({ user: name, role }) => [name, role]))).toEqual(oracle.active);
        for (const alive of oracle.alive) {
          expect(new Map(Object.entries(messages.get(alive)?.reactions ?? {}))).toEqual(
            new Map(Object.entries(oracle.reactionCounts(alive))),
          );
        }
      });
    });
  });

  test("it has an owner while it has members, and no more members than it may", () => {
    check((story) => {
      watch(story, ({ room }) => {
        expect(room.ownerCount > 0).toBe(room.memberCount > 0);
        expect(room.memberCount).toBeLessThanOrEqual(limits.roomMembersMax);
      });
    });
  });

  test("what is deleted stays deleted, and only what is not is pinned", () => {
    check((story) => {
      watch(story, ({ room, messages }, { oracle }) => {
        for (const gone of oracle.deleted) {
          expect(messages.get(gone)).toMatchObject({ deleted: true, text: "", reactions: {}, pinned: false });
        }
        expect(room.pins.length).toBeLessThanOrEqual(limits.roomPinsMax);
        expect(new Set(room.pins).size).toBe(room.pins.length);
        for (const message of messages.values()) {
          expect(message.pinned).toBe(room.pins.includes(message.seq));
          expect(Object.keys(message.reactions).length).toBeLessThanOrEqual(limits.reactionKindsMax);
        }
      });
    });
  });

  test("its events have the documented shape and survive being written", () => {
    const checked = validator(RoomEventSchema);
    check((story) => {
      for (const event of told(story).events) {
        expect(checked(event)).toMatchObject({ ok: true });
        expect(JSON.parse(JSON.stringify(event))).toEqual(event);
      }
    });
  });

  test("the same question gets the same answer and changes nothing", () => {
    check((story) => {
      play(story, (chat, { author, action }) => {
        const before = structuredClone({ room: chat.room, messages: chat.messages, members: chat.members });
        const [first, second] = [chat.judge(author, action), chat.judge(author, action)];
        expect(withoutKeys(second)).toEqual(withoutKeys(first));
        expect({ room: chat.room, messages: chat.messages, members: chat.members }).toEqual(before);
        chat.give(author, action);
      });
    });
  });
});

/** Every command has a key of its own. */
const withoutKeys = (decision: object): unknown =>
  JSON.parse(JSON.stringify(decision, (name, value: unknown) => (name === "key" ? undefined : value)));

const membersOf = (events: readonly RoomEvent[], from: ReadonlyMap<UserId, MemberRecord | undefined>) =>
  new Map(
    users.map((name) => {
      let record = from.get(name);
      for (const event of events) record = foldMember(name, record, event);
      return [name, record];
    }),
  );

const messagesOf = (events: readonly RoomEvent[], from: ReadonlyMap<number, MessageRecord | undefined>) =>
  new Map(
    Array.from({ length: seqMax }, (_, index) => {
      const seq = index + 1;
      let record = from.get(seq);
      for (const event of events) record = foldMessage(seq, record, event);
      return [seq, record];
    }),
  );

const places = users.flatMap((author) =>
  Array.from({ length: seqMax }, (_, index) =>
    emojis.map((emoji) => ({ author, seq: index + 1, emoji })),
  ).flat(),
);

const reactionsOf = (events: readonly RoomEvent[], from: readonly boolean[]): readonly boolean[] =>
  places.map((place, index) => {
    let present = from[index] ?? false;
    for (const event of events) present = foldReaction(present, place, event);
    return present;
  });

/** A run of a room's log: [a, b) of its events. */
const anyCuts = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

describe("folding", () => {
  test("a room's log from its beginning gives the room as it is", () => {
    check((story) => {
      const chat = told(story);
      const { events, room } = chat;
      expect(events.reduce(evolve, emptyRoom(room.room))).toEqual(room);
      for (const [name, record] of chat.members)
        expect(membersOf(events, new Map()).get(name)).toEqual(record);
      for (const [seq, record] of messagesOf(events, new Map()))
        expect(record).toEqual(chat.messages.get(seq));
    });
  });

  test("a run again over rows that have some or all of it changes nothing", () => {
    fc.assert(
      fc.property(anyStory, anyCuts, (story, [one, two]) => {
        const { events, room } = told(story);
        const read = Math.floor(Math.max(one, two) * events.length);
        const tailFrom = Math.floor(Math.min(one, two) * events.length);
        const archived = events.slice(0, read);
        const tail = events.slice(tailFrom);
        const empty = emptyRoom(room.room);
        expect(tail.reduce(evolve, archived.reduce(evolve, empty))).toEqual(room);
        expect(membersOf(tail, membersOf(archived, new Map()))).toEqual(membersOf(events, new Map()));
        expect(messagesOf(tail, messagesOf(archived, new Map()))).toEqual(messagesOf(events, new Map()));
        expect(reactionsOf(tail, reactionsOf(archived, []))).toEqual(reactionsOf(events, []));
      }),
      { numRuns: 300 },
    );
  });

  test("any prefix after the whole changes no room, member or message", () => {
    fc.assert(
      fc.property(anyStory, fc.nat(), (story, cut) => {
        const { events, room } = told(story);
        const prefix = events.slice(0, cut % (events.length + 1));
        const members = membersOf(events, new Map());
        const messages = messagesOf(events, new Map());
        expect(prefix.reduce(evolve, room)).toBe(room);
        expect(membersOf(prefix, members)).toEqual(members);
        expect(messagesOf(prefix, messages)).toEqual(messages);
      }),
      { numRuns: 300 },
    );
  });
});

test("the stories reach every kind of event and of refusal that they can", () => {
  const seen = new Set<string>();
  for (const story of fc.sample(anyStory, { numRuns: 300, seed: 7 })) {
    const { events } = play(story, (chat, { author, action }) => {
      seen.add(outcome(chat.give(author, action)));
    });
    for (const event of events) seen.add(event.kind);
  }
  expect([...seen].sort()).toEqual([
    "archived",
    "banned",
    "forbidden",
    "kind_forbids",
    "last_owner",
    "member.added",
    "member.banned",
    "member.joined",
    "member.left",
    "member.removed",
    "member.role",
    "member.unbanned",
    "message.created",
    "message.deleted",
    "message.edited",
    "message.pinned",
    "message.unpinned",
    "message_deleted",
    "no_such_message",
    "noop",
    "not_member",
    "ok",
    "reaction.added",
    "reaction.removed",
    "room.archived",
    "room.created",
    "room.updated",
    "room_full",
    "slow_mode",
    "too_many_pins",
    "too_many_reactions",
    "version_mismatch",
  ]);
});
