import { describe, expect, test } from "vitest";
import { foldMessage, foldReaction } from "./fold-message.ts";
import { ann, bob, cas, roomOf } from "./room-under-test.ts";

describe("a message's record", () => {
  test("follows edits, reactions and pins", () => {
    const chat = roomOf("group");
    const { seq, ts, key } = chat.given(cas, { kind: "send", text: "one", metadata: { a: 1 } });
    chat.nowMs += 1_000;
    const edit = chat.given(cas, { kind: "edit", seq, text: "two" });
    chat.given(ann, { kind: "react", seq, emoji: "a" });
    chat.given(bob, { kind: "pin", seq });
    expect(chat.messages.get(seq)).toEqual({
      seq,
      n: 1,
      ts,
      author: cas,
      key,
      text: "two",
      version: 2,
      deleted: false,
      pinned: true,
      editedTs: edit.ts,
      replyTo: undefined,
      mentions: [],
      metadata: { a: 1 },
      reactions: { a: 1 },
      lastSeq: seq + 3,
    });
  });

  test("keeps its place and loses its body when it is deleted", () => {
    const chat = roomOf("group");
    const first = chat.given(ann, { kind: "send", text: "?" }).seq;
    const { seq } = chat.given(cas, { kind: "send", text: "<@bob>", replyTo: first, metadata: { a: 1 } });
    chat.given(ann, { kind: "react", seq, emoji: "a" });
    chat.given(bob, { kind: "pin", seq });
    chat.given(cas, { kind: "delete", seq });
    expect(chat.messages.get(seq)).toMatchObject({
      author: cas,
      n: 2,
      replyTo: first,
      deleted: true,
      text: "",
      version: 2,
      mentions: [],
      metadata: undefined,
      reactions: {},
      pinned: false,
    });
  });

  test("that is deleted stays so, whatever follows", () => {
    const chat = roomOf("group");
    const { seq } = chat.given(cas, { kind: "send", text: "x" });
    chat.given(cas, { kind: "delete", seq });
    const deleted = chat.messages.get(seq);
    const common = { seq: chat.room.head + 1, n: 1, ts: chat.room.ts, author: cas, target: seq };
    expect(
      foldMessage(seq, deleted, { ...common, kind: "message.edited", text: "back", version: 3 }),
    ).toEqual({
      ...deleted,
      lastSeq: common.seq,
    });
  });

  test("does not begin with an event that only changes it", () => {
    const chat = roomOf("group");
    const { seq } = chat.given(cas, { kind: "send", text: "x" });
    const edit = chat.given(cas, { kind: "edit", seq, text: "y" });
    expect(foldMessage(seq, undefined, edit)).toBeUndefined();
  });

  test("that is newer than an event has it already", () => {
    const chat = roomOf("group");
    const { seq } = chat.given(cas, { kind: "send", text: "x" });
    chat.given(cas, { kind: "edit", seq, text: "y" });
    chat.given(cas, { kind: "edit", seq, text: "z" });
    const newer = chat.messages.get(seq);
    for (const event of chat.events) expect(foldMessage(seq, newer, event)).toBe(newer);
  });
});

describe("a reaction", () => {
  test("is there after the last event that names its author, message and emoji", () => {
    const chat = roomOf("group");
    const { seq } = chat.given(cas, { kind: "send", text: "x" });
    const added = chat.given(ann, { kind: "react", seq, emoji: "a" });
    const removed = chat.given(ann, { kind: "unreact", seq, emoji: "a" });
    const place = { author: ann, seq, emoji: "a" };
    expect(foldReaction(false, place, added)).toBe(true);
    expect(foldReaction(true, place, removed)).toBe(false);
    for (const other of [
      { ...place, author: bob },
      { ...place, seq: 1 },
      { ...place, emoji: "b" },
    ]) {
      expect(foldReaction(false, other, added)).toBe(false);
      expect(foldReaction(true, other, removed)).toBe(true);
    }
  });
});
