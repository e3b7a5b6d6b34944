import type { MemberRecord, UserId } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { mentionCandidates, mentionsOf } from "./mentions.ts";
import { ann, bob, cas, dee, roomOf } from "./room-under-test.ts";

const person = { author: ann, bot: false };
const bot = { author: ann, bot: true };

describe("a text may ping", () => {
  test("those listed and those named in it, once each and never the author", () => {
    const action = { kind: "send", text: "<@cas> and <@bob>, <@ann>", mentions: [bob, ann] } as const;
    expect(mentionCandidates({ ...action, mentions: [...action.mentions] }, person)).toEqual([bob, cas]);
  });

  test("of those only the allowed ones, when some are", () => {
    expect(
      mentionCandidates({ kind: "edit", seq: 3, text: "<@cas> <@bob>", allowedMentions: [bob, dee] }, person),
    ).toEqual([bob]);
    expect(mentionCandidates({ kind: "send", text: "<@cas>", allowedMentions: [] }, person)).toEqual([]);
  });

  test("nobody when a bot sends it, unless it names whom", () => {
    expect(mentionCandidates({ kind: "send", text: "<@cas>", mentions: [bob] }, bot)).toEqual([]);
    expect(mentionCandidates({ kind: "send", text: "<@cas>", allowedMentions: [cas] }, bot)).toEqual([cas]);
  });
});

test("a text pings those who are in the room, not those who left or are banned", () => {
  const chat = roomOf("public");
  chat.given(bob, { kind: "member.leave" });
  chat.given(ann, { kind: "member.ban", user: dee });
  const members: ReadonlyMap<UserId, MemberRecord> = chat.members;
  expect(mentionsOf({ kind: "send", text: "<@bob> <@cas> <@dee> <@zed>" }, { ...person, members })).toEqual([
    cas,
  ]);
});
