import {
  type Action,
  type Command,
  defaultLimits,
  type Key,
  mustParse,
  parseKey,
  parseRoomId,
  parseUserId,
  type RoomEvent,
  type RoomRecord,
  type StoredAnswer,
  type UserId,
  uuidV7,
} from "@parley/protocol";
import { emptyRoom, evolve } from "@parley/rooms";
import { describe, expect, it } from "vitest";
import { type BatchInput, decideBatch, type ReadyCommand } from "./batch.ts";
import { memberAfter, messageAfter } from "./facts.ts";

const [ann, bob] = ["ann", "bob"].map((id) => mustParse(parseUserId, id)) as [UserId, UserId];
const room = mustParse(parseRoomId, "r1");
const nowMs = 1_800_000_000_000;
const newKey = (): Key => mustParse(parseKey, uuidV7(nowMs));

const command = (author: UserId, action: Action, key = newKey()): Command => ({
  room,
  author,
  bot: false,
  key,
  action,
});
const ready = (asked: Command, rest: Partial<ReadyCommand> = {}): ReadyCommand => ({
  command: asked,
  digest: JSON.stringify(asked.action),
  archivedAnswer: undefined,
  lookedUp: false,
  ...rest,
});
const send = (text: string): Action => ({ kind: "send", text });

/** A group of ann, its owner, and bob. */
const created: readonly RoomEvent[] = decideBatch(inputOf(emptyRoom(room), []), [
  ready(command(ann, { kind: "room.create", roomKind: "group", members: [bob] })),
]).events;
const group = created.reduce((record, event) => evolve(record, event), emptyRoom(room));

function inputOf(
  record: RoomRecord,
  events: readonly RoomEvent[],
  answers: readonly StoredAnswer[] = [],
): BatchInput {
  return {
    room: record,
    keyTimeMaxMs: 0,
    keyFloorMs: 0,
    base: {
      member: (user) => memberAfter(user, undefined, events),
      message: (seq) => messageAfter(seq, undefined, events),
      reacted: () => false,
      lastSentMs: () => undefined,
    },
    answer: ({ author, key }) => answers.find((answer) => answer.author === author && answer.key === key),
    nowMs,
    limits: defaultLimits,
  };
}
const decideAll = (commands: readonly ReadyCommand[], answers: readonly StoredAnswer[] = []) =>
  decideBatch(inputOf(group, created, answers), commands);

describe("a batch", () => {
  it("decides each command on the state that the ones before it left", () => {
    const { events, verdicts } = decideAll([
      ready(command(ann, send("one"))),
      ready(command(ann, { kind: "edit", seq: 2, text: "two" })),
      ready(command(ann, { kind: "edit", seq: 2, text: "three", ifVersion: 2 })),
      ready(command(bob, { kind: "edit", seq: 2, text: "mine" })),
    ]);
    expect(events.map(({ seq, kind }) => [seq, kind])).toEqual([
      [2, "message.created"],
      [3, "message.edited"],
      [4, "message.edited"],
    ]);
    expect(verdicts.map((verdict) => verdict.kind === "stored" && verdict.answer.outcome)).toEqual([
      "ok",
      "ok",
      "ok",
      "refused",
    ]);
  });

  it("ends with a removal: what waits behind it is decided in the next", () => {
    const commands = [
      ready(command(bob, send("last words"))),
      ready(command(ann, { kind: "member.remove", user: bob })),
      ready(command(bob, send("too late"))),
    ];
    const { events, verdicts } = decideAll(commands);
    expect(events.map(({ kind }) => kind)).toEqual(["message.created", "member.removed"]);
    expect(verdicts).toHaveLength(2);
  });

  it("ends when it is full by number or by bytes, but takes one large command alone", () => {
    expect(decideAll(Array.from({ length: 70 }, () => ready(command(ann, send("x"))))).events).toHaveLength(
      64,
    );
    const large = ready(command(ann, send("x".repeat(7_900))));
    expect(
      decideAll(
        Array.from({ length: 20 }, () => large).map(({ command: { action } }) => ready(command(ann, action))),
      ).events,
    ).toHaveLength(8);
    const tight = { ...inputOf(group, created), limits: { ...defaultLimits, batchBytesMax: 10 } };
    expect(decideBatch(tight, [large, ready(command(ann, send("y")))]).verdicts).toHaveLength(1);
  });

  it("answers a key asked twice in it from its own draft, and another command under it not at all", () => {
    const key = newKey();
    const { events, verdicts } = decideAll([
      ready(command(ann, send("one"), key)),
      ready(command(ann, send("one"), key)),
      ready(command(ann, send("two"), key)),
      ready(command(bob, send("one"), key)),
    ]);
    expect(events).toHaveLength(2);
    expect(verdicts.map(({ kind }) => kind)).toEqual(["stored", "repeat", "refused", "stored"]);
    expect(verdicts[2]).toMatchObject({ error: { code: "key_reused" } });
  });

  it("stores final refusals and only those", () => {
    const eve = mustParse(parseUserId, "eve");
    const { events, answers } = decideAll([ready(command(eve, send("hello")))]);
    expect(events).toEqual([]);
    expect(answers).toMatchObject([{ author: eve, outcome: "refused", code: "not_member" }]);
    const absent = decideBatch(inputOf(emptyRoom(room), []), [ready(command(eve, send("hello")))]);
    expect(absent.answers).toEqual([]);
    expect(absent.verdicts).toMatchObject([{ kind: "refused", error: { code: "no_such_room" } }]);
  });

  it("asks the archive for a key that memory cannot vouch for, once", () => {
    const old = command(ann, send("x"), mustParse(parseKey, "any-key"));
    expect(decideAll([ready(old)]).verdicts).toEqual([{ kind: "look-up" }]);
    expect(decideAll([ready(old, { lookedUp: true })]).verdicts).toMatchObject([{ kind: "stored" }]);
    const { author, key } = old;
    const archivedAnswer = {
      author,
      key,
      digest: JSON.stringify(old.action),
      outcome: "ok",
      seq: 2,
    } as const;
    expect(decideAll([ready(old, { lookedUp: true, archivedAnswer })]).verdicts).toMatchObject([
      { kind: "replay" },
    ]);
  });

  it("keeps the largest time of any key answered", () => {
    const early = command(ann, send("x"), mustParse(parseKey, uuidV7(nowMs - 5_000)));
    expect(decideAll([ready(command(ann, send("y"))), ready(early)]).keyTimeMaxMs).toBe(nowMs);
  });
});
