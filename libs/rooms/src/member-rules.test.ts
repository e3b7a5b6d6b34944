import { describe, expect, test } from "vitest";
import { ann, bob, cas, dee, outcome, roomOf, RoomUnderTest } from "./room-under-test.ts";

describe("joining", () => {
  test("a public room makes a member", () => {
    const chat = roomOf("public");
    expect(chat.given(dee, { kind: "member.join" })).toMatchObject({
      kind: "member.joined",
      author: dee,
      role: "member",
      memberCount: 4,
      ownerCount: 1,
    });
    expect(chat.members.get(dee)).toMatchObject({ status: "active", sinceSeq: 3 });
  });

  test("is nothing for one who is in, in whatever kind of room", () => {
    for (const kind of ["direct", "group", "public", "broadcast"] as const) {
      expect(outcome(roomOf(kind).judge(bob, { kind: "member.join" }))).toBe("noop");
    }
  });

  test("other rooms is not for strangers", () => {
    expect(outcome(roomOf("group").judge(dee, { kind: "member.join" }))).toBe("forbidden");
    expect(outcome(roomOf("broadcast").judge(dee, { kind: "member.join" }))).toBe("forbidden");
    expect(outcome(roomOf("direct").judge(dee, { kind: "member.join" }))).toBe("kind_forbids");
  });

  test("a full room is refused", () => {
    const chat = roomOf("public", { limits: { roomMembersMax: 3 } });
    expect(outcome(chat.judge(dee, { kind: "member.join" }))).toBe("room_full");
    expect(outcome(chat.judge(ann, { kind: "member.add", user: dee }))).toBe("room_full");
  });

  test("a room that all had left makes its owner", () => {
    const chat = new RoomUnderTest();
    chat.given(ann, { kind: "room.create", roomKind: "public" });
    chat.given(ann, { kind: "member.leave" });
    expect(chat.given(dee, { kind: "member.join" })).toMatchObject({
      role: "owner",
      memberCount: 1,
      ownerCount: 1,
    });
    expect(chat.given(bob, { kind: "member.join" })).toMatchObject({
      role: "member",
      memberCount: 2,
      ownerCount: 1,
    });
  });
});

describe("leaving", () => {
  test("is free to members, also of an archived room", () => {
    const chat = roomOf("group");
    chat.given(ann, { kind: "room.archive", archived: true });
    expect(chat.given(cas, { kind: "member.leave" })).toMatchObject({ memberCount: 2, ownerCount: 1 });
    expect(outcome(chat.judge(cas, { kind: "send", text: "still here" }))).toBe("not_member");
  });

  test("is refused to the last owner while others are there", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(ann, { kind: "member.leave" }))).toBe("last_owner");
    chat.given(ann, { kind: "member.role", user: cas, role: "owner" });
    expect(outcome(chat.judge(ann, { kind: "member.leave" }))).toBe("ok");
  });

  test("empties the room when nobody else is there", () => {
    const chat = new RoomUnderTest();
    chat.given(ann, { kind: "room.create", roomKind: "group" });
    expect(chat.given(ann, { kind: "member.leave" })).toMatchObject({ memberCount: 0, ownerCount: 0 });
  });

  test("is what removing oneself means", () => {
    const chat = roomOf("group");
    expect(chat.given(cas, { kind: "member.remove", user: cas })).toMatchObject({ kind: "member.left" });
    expect(outcome(chat.judge(ann, { kind: "member.remove", user: ann }))).toBe("last_owner");
  });
});

describe("adding", () => {
  test("makes a member, or what an owner says", () => {
    const chat = roomOf("group");
    expect(chat.given(bob, { kind: "member.add", user: dee })).toMatchObject({
      user: dee,
      role: "member",
      memberCount: 4,
    });
    chat.given(bob, { kind: "member.remove", user: dee });
    expect(chat.given(ann, { kind: "member.add", user: dee, role: "owner" })).toMatchObject({
      role: "owner",
      ownerCount: 2,
    });
  });

  test("is for those who moderate, who add only below themselves", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(cas, { kind: "member.add", user: dee }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "member.add", user: dee, role: "moderator" }))).toBe("forbidden");
  });

  test("one who is in changes nothing, not even the role", () => {
    expect(outcome(roomOf("group").judge(ann, { kind: "member.add", user: cas, role: "owner" }))).toBe(
      "noop",
    );
  });

  test("a banned user needs the ban lifted first", () => {
    const chat = roomOf("group");
    chat.given(ann, { kind: "member.ban", user: dee });
    expect(chat.judge(ann, { kind: "member.add", user: dee })).toMatchObject({
      error: { code: "banned", detail: { user: dee } },
    });
    chat.given(ann, { kind: "member.unban", user: dee });
    expect(outcome(chat.judge(ann, { kind: "member.add", user: dee }))).toBe("ok");
  });
});

describe("removing", () => {
  test("reaches those below, and owners reach owners", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(cas, { kind: "member.remove", user: bob }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "member.remove", user: ann }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "member.remove", user: cas }))).toBe("ok");
    chat.given(ann, { kind: "member.role", user: cas, role: "owner" });
    expect(chat.given(cas, { kind: "member.remove", user: ann })).toMatchObject({
      memberCount: 2,
      ownerCount: 1,
    });
  });

  test("a moderator is not for another moderator", () => {
    const chat = roomOf("group");
    chat.given(ann, { kind: "member.role", user: cas, role: "moderator" });
    expect(outcome(chat.judge(bob, { kind: "member.remove", user: cas }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "member.ban", user: cas }))).toBe("forbidden");
  });

  test("one who is not there changes nothing", () => {
    expect(outcome(roomOf("group").judge(ann, { kind: "member.remove", user: dee }))).toBe("noop");
  });

  test("ends everything at its place in the order", () => {
    const chat = roomOf("group");
    chat.given(bob, { kind: "member.remove", user: cas });
    expect(outcome(chat.judge(cas, { kind: "send", text: "but" }))).toBe("not_member");
  });
});

describe("roles", () => {
  test("are given by owners", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(bob, { kind: "member.role", user: cas, role: "moderator" }))).toBe("forbidden");
    expect(chat.given(ann, { kind: "member.role", user: cas, role: "owner" })).toMatchObject({
      ownerCount: 2,
    });
    expect(chat.given(cas, { kind: "member.role", user: ann, role: "member" })).toMatchObject({
      ownerCount: 1,
    });
  });

  test("can be laid down, not taken", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(bob, { kind: "member.role", user: bob, role: "owner" }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "member.role", user: bob, role: "moderator" }))).toBe("noop");
    expect(outcome(chat.judge(bob, { kind: "member.role", user: bob, role: "member" }))).toBe("ok");
    expect(outcome(chat.judge(cas, { kind: "member.role", user: cas, role: "moderator" }))).toBe("forbidden");
  });

  test("leave at least one owner", () => {
    const chat = roomOf("group");
    expect(outcome(chat.judge(ann, { kind: "member.role", user: ann, role: "member" }))).toBe("last_owner");
  });

  test("are for members only", () => {
    expect(outcome(roomOf("group").judge(ann, { kind: "member.role", user: dee, role: "member" }))).toBe(
      "not_member",
    );
  });
});

describe("banning", () => {
  test("throws out at once and keeps out until it is lifted", () => {
    const chat = roomOf("public");
    expect(chat.given(bob, { kind: "member.ban", user: cas, reason: "spam" })).toMatchObject({
      reason: "spam",
      memberCount: 2,
    });
    expect(outcome(chat.judge(cas, { kind: "send", text: "but" }))).toBe("banned");
    expect(outcome(chat.judge(cas, { kind: "member.join" }))).toBe("banned");
    expect(outcome(chat.judge(bob, { kind: "member.ban", user: cas }))).toBe("noop");
    chat.given(bob, { kind: "member.unban", user: cas });
    expect(outcome(chat.judge(bob, { kind: "member.unban", user: cas }))).toBe("noop");
    expect(outcome(chat.judge(cas, { kind: "send", text: "but" }))).toBe("not_member");
    expect(outcome(chat.judge(cas, { kind: "member.join" }))).toBe("ok");
  });

  test("reaches one who has never been there, without changing the counts", () => {
    const chat = roomOf("public");
    expect(chat.given(bob, { kind: "member.ban", user: dee })).toMatchObject({
      memberCount: 3,
      ownerCount: 1,
    });
    expect(outcome(chat.judge(dee, { kind: "member.join" }))).toBe("banned");
  });

  test("reaches those below, and nobody bans themselves", () => {
    const chat = roomOf("public");
    expect(outcome(chat.judge(bob, { kind: "member.ban", user: ann }))).toBe("forbidden");
    expect(outcome(chat.judge(ann, { kind: "member.ban", user: ann }))).toBe("forbidden");
    expect(chat.given(ann, { kind: "member.ban", user: bob })).toMatchObject({
      memberCount: 2,
      ownerCount: 1,
    });
  });
});
