import { mustParse, parseRoomId, revocationRoom, systemUser } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { ann, bob, cas, dee, outcome, roomOf, RoomUnderTest, user } from "./room-under-test.ts";

describe("creating", () => {
  test("makes the creator the owner of those who are named, each once", () => {
    const chat = new RoomUnderTest();
    const event = chat.given(ann, {
      kind: "room.create",
      roomKind: "group",
      name: "den",
      members: [bob, ann, bob, cas],
      history: "since-join",
    });
    expect(event).toMatchObject({
      seq: 1,
      n: 0,
      roomKind: "group",
      name: "den",
      settings: { slowModeMs: 0, archived: false, history: "since-join" },
      members: [
        { user: ann, role: "owner" },
        { user: bob, role: "member" },
        { user: cas, role: "member" },
      ],
      memberCount: 3,
      ownerCount: 1,
    });
    expect(chat.room).toMatchObject({ kind: "group", name: "den", head: 1, memberCount: 3, ownerCount: 1 });
  });

  test("a direct room makes two owners and leaves a name out", () => {
    const chat = new RoomUnderTest();
    const event = chat.given(ann, { kind: "room.create", roomKind: "direct", name: "us", members: [bob] });
    expect(event).toMatchObject({ memberCount: 2, ownerCount: 2 });
    expect(event).not.toHaveProperty("name");
  });

  test("a direct room needs exactly one other", () => {
    const judge = (members: (typeof ann)[]) =>
      outcome(new RoomUnderTest().judge(ann, { kind: "room.create", roomKind: "direct", members }));
    expect([judge([]), judge([ann]), judge([bob, cas])]).toEqual([
      "bad_request",
      "bad_request",
      "bad_request",
    ]);
    expect(judge([bob, ann, bob])).toBe("ok");
  });

  test("a direct room that exists is nothing for its two and forbidden to others", () => {
    const chat = roomOf("direct");
    expect(outcome(chat.judge(bob, { kind: "room.create", roomKind: "direct", members: [ann] }))).toBe(
      "noop",
    );
    expect(outcome(chat.judge(dee, { kind: "room.create", roomKind: "direct", members: [ann] }))).toBe(
      "forbidden",
    );
  });

  test("with more members than the limits is refused", () => {
    const members = Array.from({ length: 51 }, (_, index) => user(`u${index}`));
    const judge = (limits: ConstructorParameters<typeof RoomUnderTest>[0], count: number) =>
      outcome(
        new RoomUnderTest(limits).judge(ann, {
          kind: "room.create",
          roomKind: "group",
          members: members.slice(0, count),
        }),
      );
    expect(judge({}, 51)).toBe("too_large");
    expect(judge({}, 50)).toBe("ok");
    expect(judge({ limits: { roomMembersMax: 3 } }, 3)).toBe("room_full");
  });
});

describe("updating", () => {
  test("leaves what is not named as it was", () => {
    const chat = roomOf("group");
    expect(chat.given(ann, { kind: "room.update", slowModeMs: 5_000 })).toMatchObject({
      name: "den",
      settings: { slowModeMs: 5_000, archived: false, history: "all" },
    });
    expect(chat.given(ann, { kind: "room.update", name: "pit" })).toMatchObject({
      name: "pit",
      settings: { slowModeMs: 5_000 },
    });
    expect(chat.room).toMatchObject({ name: "pit", settings: { slowModeMs: 5_000 } });
  });

  test("to what is already so changes nothing", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(ann, { kind: "room.update" }))).toBe("noop");
    expect(outcome(chat.judge(ann, { kind: "room.update", name: "den", history: "all" }))).toBe("noop");
  });
});

describe("an archived room", () => {
  test("refuses all but leaving, throwing out and being opened", () => {
    const chat = roomOf("public");
    const seq = chat.given(cas, { kind: "send", text: "hello" }).seq;
    expect(chat.given(ann, { kind: "room.archive", archived: true })).toMatchObject({
      settings: { archived: true },
    });
    expect(outcome(chat.judge(ann, { kind: "room.archive", archived: true }))).toBe("noop");
    expect(outcome(chat.judge(ann, { kind: "send", text: "x" }))).toBe("archived");
    expect(outcome(chat.judge(cas, { kind: "delete", seq }))).toBe("archived");
    expect(outcome(chat.judge(dee, { kind: "member.join" }))).toBe("archived");
    expect(outcome(chat.judge(ann, { kind: "room.update", name: "x" }))).toBe("archived");
    expect(outcome(chat.judge(bob, { kind: "member.remove", user: cas }))).toBe("ok");
    expect(outcome(chat.judge(bob, { kind: "member.ban", user: cas }))).toBe("ok");
    chat.given(ann, { kind: "room.archive", archived: false });
    expect(outcome(chat.judge(cas, { kind: "send", text: "x" }))).toBe("ok");
  });
});

describe("a room of the service", () => {
  const revoke = {
    kind: "access.revoke",
    subject: "user",
    id: "ann",
    until: "2026-01-02T00:00:00.000Z",
  } as const;

  test("takes revocations of the service from its first event on", () => {
    const chat = new RoomUnderTest({ room: revocationRoom });
    expect(chat.given(systemUser, revoke)).toMatchObject({
      seq: 1,
      n: 0,
      kind: "access.revoked",
      author: systemUser,
      subject: "user",
      id: "ann",
    });
    expect(chat.given(systemUser, revoke)).toMatchObject({ seq: 2 });
  });

  test("does not exist for anybody else, whatever they ask", () => {
    const chat = new RoomUnderTest({ room: revocationRoom });
    chat.given(systemUser, revoke);
    expect(outcome(chat.judge(ann, revoke))).toBe("no_such_room");
    expect(outcome(chat.judge(ann, { kind: "member.join" }))).toBe("no_such_room");
    expect(outcome(chat.judge(ann, { kind: "room.create", roomKind: "public" }))).toBe("no_such_room");
  });

  test("takes nothing else, and other rooms take no revocations", () => {
    const reserved = new RoomUnderTest({ room: mustParse(parseRoomId, "s_other") });
    expect(outcome(reserved.judge(systemUser, { kind: "send", text: "x" }))).toBe("bad_request");
    expect(outcome(roomOf("group").judge(systemUser, revoke))).toBe("bad_request");
  });
});
