import {
  type Action,
  createdRoomId,
  directRoomId,
  mustParse,
  parseKey,
  parseRoomId,
  parseUserId,
  partitionOf,
  type RoomEvent,
  type Scope,
  wireError,
} from "@parley/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { CommandDesk } from "./command-desk.ts";
import { ann, applied, bob, type DeskFixture, deskFixture, identityOf, room, ts } from "./desk-fixture.ts";

const key = mustParse(parseKey, "k1");
const send: Action = { kind: "send", text: "hello" };
const asker = { identity: identityOf(ann) };
const carol = "carol" as typeof ann;

let fixture: DeskFixture;
let desk: CommandDesk;
beforeEach(() => {
  fixture = deskFixture();
  desk = new CommandDesk(fixture);
});

const answerWith = (event?: RoomEvent, replayed = false) => {
  fixture.owners.script.command = () => ({
    decided: true,
    ...applied({ replayed, ...(event !== undefined && { event }) }),
  });
};
const submit = (action: Action = send, identity = asker.identity) =>
  desk.submit({ identity }, { room, key, action }, 5_000);

const event = (fields: object): RoomEvent => ({ seq: 7, n: 3, ts, author: ann, ...fields }) as RoomEvent;

describe("a command", () => {
  test("is asked of the room's partition in the name of whoever holds the token", async () => {
    answerWith();
    const forged = { room, key, action: send, author: bob, bot: true };
    const outcome = await desk.submit({ ...asker, traceparent: "00-1-2-01" }, forged, 5_000);
    expect(outcome).toMatchObject({ ok: true, applied: { seq: 7, n: 3, ts } });
    expect(fixture.owners.asked).toEqual([
      {
        partition: partitionOf(room, 4),
        op: "command",
        ask: { command: { room, key, action: send, author: ann, bot: false }, traceparent: "00-1-2-01" },
      },
    ]);
  });

  test.each<[Action, Scope]>([
    [send, "messages:write"],
    [{ kind: "pin", seq: 1 }, "messages:write"],
    [{ kind: "member.ban", user: bob }, "members:write"],
    [{ kind: "room.archive", archived: true }, "rooms:write"],
    [{ kind: "access.revoke", subject: "user", id: "bob", until: ts }, "admin"],
  ])("%j is refused without the scope %s, before anything is asked or counted", async (action, scope) => {
    const others = (["rooms:read", "rooms:write", "messages:write", "members:write"] as const).filter(
      (other) => other !== scope,
    );
    const outcome = await submit(action, identityOf(ann, others));
    expect(outcome).toMatchObject({ ok: false, error: { code: "scope_missing" }, rate: undefined });
    expect(fixture.owners.asked).toEqual([]);
    expect(fixture.rateLimiter.taken).toEqual([]);
    expect(fixture.answered).toEqual([`${action.kind} scope_missing`]);
  });

  test.each<Action>([
    { kind: "member.add", user: mustParse(parseUserId, "s_system") },
    { kind: "room.create", roomKind: "group", members: [bob, mustParse(parseUserId, "s_other")] },
  ])("makes no member of an id of the service's own: %j", async (action) => {
    expect(await submit(action)).toMatchObject({ error: { code: "no_such_user" } });
    expect(fixture.owners.asked).toEqual([]);
  });

  test("does not reach the service's own rooms", async () => {
    const request = { room: mustParse(parseRoomId, "s_revocations"), key, action: send };
    expect(await desk.submit(asker, request, 5_000)).toMatchObject({ error: { code: "no_such_room" } });
    expect(fixture.owners.asked).toEqual([]);
  });

  test("is refused when it is over a size that its schema cannot say", async () => {
    const outcome = await submit({ kind: "send", text: "x".repeat(8_001) });
    expect(outcome).toMatchObject({ error: { code: "too_large", detail: { limit: "textCodePointsMax" } } });
    expect(fixture.owners.asked).toEqual([]);
  });

  test.each(["send", "room"])("waits when the bucket %s is used up", async (bucket) => {
    fixture.rateLimiter.exhausted.add(bucket);
    expect(await submit()).toMatchObject({
      ok: false,
      error: { code: "rate_limited", retryAfterMs: 2_100, detail: { bucket } },
      rate: { policy: { name: bucket }, remaining: 0 },
    });
    expect(fixture.owners.asked).toEqual([]);
  });

  test("takes from the user's bucket and from the one of the user in the room", async () => {
    answerWith();
    const { rate } = await submit();
    expect(fixture.rateLimiter.taken).toEqual(["send ann", "room r_1:ann"]);
    expect(rate).toMatchObject({ policy: { name: "room" }, remaining: 99 });
  });

  test("passes a refusal of the owner on as it is", async () => {
    fixture.owners.script.command = () => ({
      decided: false,
      code: "not_member",
      error: wireError("not_member"),
      replayed: false,
    });
    expect(await submit()).toMatchObject({ ok: false, error: { code: "not_member" } });
    fixture.owners.script.command = () => wireError("unknown");
    expect(await submit()).toMatchObject({ ok: false, error: { code: "unknown" } });
    expect(fixture.answered).toEqual(["send not_member", "send unknown"]);
  });
});

describe("a fresh event is told to those it concerns", () => {
  test.each<[string, RoomEvent, object[]]>([
    [
      "mentioned",
      event({ kind: "message.created", text: "hi", mentions: [bob, ann] }),
      [{ users: [bob], notice: { kind: "mentioned", room, by: ann, seq: 7 } }],
    ],
    [
      "added",
      event({ kind: "member.added", user: bob, role: "member", memberCount: 2, ownerCount: 1 }),
      [{ users: [bob], notice: { kind: "room.added", room, by: ann } }],
    ],
    [
      "removed",
      event({ kind: "member.removed", user: bob, memberCount: 1, ownerCount: 1 }),
      [{ users: [bob], notice: { kind: "room.removed", room, by: ann } }],
    ],
    [
      "banned",
      event({ kind: "member.banned", user: bob, memberCount: 1, ownerCount: 1 }),
      [{ users: [bob], notice: { kind: "room.removed", room, by: ann } }],
    ],
    [
      "in a room from its start",
      event({
        kind: "room.created",
        roomKind: "group",
        members: [ann, bob, carol].map((user) => ({ user, role: "member" })),
      }),
      [{ users: [bob, carol], notice: { kind: "room.added", room, by: ann } }],
    ],
    ["nobody but oneself", event({ kind: "message.created", text: "hi", mentions: [ann] }), []],
    ["nobody, like a pin", event({ kind: "message.pinned", target: 1, pins: [1] }), []],
  ])("who is %s", async (_, happened, notices) => {
    answerWith(happened);
    await submit();
    expect(fixture.notifier.notices).toEqual(notices);
  });

  test("but not again when the command is replayed", async () => {
    answerWith(event({ kind: "message.created", text: "hi", mentions: [bob] }), true);
    await submit();
    expect(fixture.notifier.notices).toEqual([]);
    expect(fixture.answered).toEqual(["send replayed"]);
  });
});

describe("creating a room", () => {
  test("names the same room for the same creator and key, and another for anyone else", async () => {
    answerWith();
    const request = { key, kind: "group" as const, name: "Team", members: [bob] };
    const first = await desk.create(asker, request, 5_000);
    const other = await desk.create({ identity: identityOf(bob) }, request, 5_000);
    expect(first).toMatchObject({ ok: true, room: await createdRoomId(ann, key) });
    expect(other).toMatchObject({ ok: true, room: await createdRoomId(bob, key) });
    expect(fixture.owners.commands[0]).toMatchObject({
      author: ann,
      action: { kind: "room.create", roomKind: "group", name: "Team", members: [bob] },
    });
  });

  test("of two users names their one room, whoever asks", async () => {
    answerWith();
    const mine = await desk.create(asker, { key, kind: "direct", members: [bob] }, 5_000);
    const theirs = await desk.create(
      { identity: identityOf(bob) },
      { key, kind: "direct", members: [ann, bob] },
      5_000,
    );
    const id = await directRoomId(ann, bob);
    expect([mine, theirs]).toMatchObject([{ room: id }, { room: id }]);
  });

  test.each([[[]], [[ann]], [[bob, carol]], [undefined]])(
    "as direct is refused with the members %j",
    async (members) => {
      const request = { key, kind: "direct", ...(members !== undefined && { members }) } as const;
      const outcome = await desk.create(asker, request, 5_000);
      expect(outcome).toMatchObject({ ok: false, error: { code: "bad_request" } });
      expect(fixture.owners.asked).toEqual([]);
    },
  );
});
