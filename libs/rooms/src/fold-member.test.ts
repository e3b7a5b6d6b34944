import { describe, expect, test } from "vitest";
import { foldMember } from "./fold-member.ts";
import { ann, bob, cas, dee, roomOf } from "./room-under-test.ts";

describe("a member's record", () => {
  test("follows joining, role, leaving and coming back", () => {
    const chat = roomOf("public");
    expect(chat.members.get(bob)).toEqual({
      user: bob,
      role: "moderator",
      status: "active",
      sinceSeq: 1,
      lastSeq: 2,
    });
    chat.given(bob, { kind: "member.leave" });
    expect(chat.members.get(bob)).toMatchObject({
      status: "left",
      role: "moderator",
      sinceSeq: 1,
      lastSeq: 3,
    });
    chat.given(bob, { kind: "member.join" });
    expect(chat.members.get(bob)).toEqual({
      user: bob,
      role: "member",
      status: "active",
      sinceSeq: 4,
      lastSeq: 4,
    });
  });

  test("of one who never came in begins with the ban", () => {
    const chat = roomOf("public");
    chat.given(ann, { kind: "member.ban", user: dee });
    expect(chat.members.get(dee)).toEqual({
      user: dee,
      role: "member",
      status: "banned",
      sinceSeq: 0,
      lastSeq: 3,
    });
    chat.given(ann, { kind: "member.unban", user: dee });
    expect(chat.members.get(dee)).toMatchObject({ status: "left", sinceSeq: 0 });
  });

  test("is not changed by events of others or about messages", () => {
    const chat = roomOf("group");
    const before = chat.members.get(cas);
    const events = [
      chat.given(ann, { kind: "send", text: "x" }),
      chat.given(ann, { kind: "member.ban", user: bob }),
      chat.given(cas, { kind: "send", text: "y" }),
    ];
    for (const event of events) expect(foldMember(cas, before, event)).toBe(before);
  });

  test("that is newer than an event has it already", () => {
    const chat = roomOf("group");
    chat.given(ann, { kind: "member.remove", user: cas });
    const newer = chat.members.get(cas);
    for (const event of chat.events) expect(foldMember(cas, newer, event)).toBe(newer);
  });
});
