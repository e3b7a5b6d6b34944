import { describe, expect, test } from "vitest";
import { ann, bob, cas, outcome, roomOf, type RoomUnderTest, user } from "./room-under-test.ts";

const say = (chat: RoomUnderTest, author = cas, text = "hello"): number =>
  chat.given(author, { kind: "send", text }).seq;

describe("sending", () => {
  test("makes one message with the next seq and the next n", () => {
    const chat = roomOf("group");
    const event = chat.given(cas, { kind: "send", text: "hello", metadata: { a: 1 } });
    expect(event).toMatchObject({
      kind: "message.created",
      seq: 3,
      n: 1,
      author: cas,
      text: "hello",
      metadata: { a: 1 },
    });
    expect(chat.given(cas, { kind: "send", text: "again" })).toMatchObject({ seq: 4, n: 2 });
  });

  test("answers a message that is there, deleted or not, and no other", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    chat.given(cas, { kind: "delete", seq });
    expect(chat.given(bob, { kind: "send", text: "what was it?", replyTo: seq })).toMatchObject({
      replyTo: seq,
    });
    expect(outcome(chat.judge(bob, { kind: "send", text: "?", replyTo: 1 }))).toBe("no_such_message");
  });

  test("carries only those mentioned who are in the room", () => {
    const chat = roomOf("group");
    const event = chat.given(ann, { kind: "send", text: "<@cas> <@zed> <@ann>", mentions: [bob] });
    expect(event).toMatchObject({ mentions: [bob, cas] });
    expect(chat.given(ann, { kind: "send", text: "nobody" })).not.toHaveProperty("mentions");
  });
});

describe("slow mode", () => {
  const slow = (): RoomUnderTest => {
    const chat = roomOf("group");
    chat.given(ann, { kind: "room.update", slowModeMs: 10_000 });
    say(chat);
    return chat;
  };

  test("makes a member wait for what is left of the pause", () => {
    const chat = slow();
    chat.nowMs += 4_000;
    expect(chat.judge(cas, { kind: "send", text: "again" })).toMatchObject({
      kind: "refused",
      error: { code: "slow_mode", retryAfterMs: 6_000 },
    });
    chat.nowMs += 6_000;
    expect(outcome(chat.judge(cas, { kind: "send", text: "again" }))).toBe("ok");
  });

  test("never asks for more than one pause, also when the clock went back", () => {
    const chat = slow();
    chat.nowMs -= 60_000;
    expect(chat.judge(cas, { kind: "send", text: "again" })).toMatchObject({
      error: { retryAfterMs: 10_000 },
    });
  });

  test("lets those who moderate write on", () => {
    const chat = slow();
    for (const author of [ann, bob]) {
      say(chat, author);
      expect(outcome(chat.judge(author, { kind: "send", text: "again" }))).toBe("ok");
    }
  });

  test("does not delay what can never succeed", () => {
    expect(outcome(slow().judge(cas, { kind: "send", text: "?", replyTo: 99 }))).toBe("no_such_message");
  });
});

describe("editing", () => {
  test("raises the version and names everybody anew", () => {
    const chat = roomOf("group");
    const seq = chat.given(cas, { kind: "send", text: "hi <@ann>" }).seq;
    expect(chat.given(cas, { kind: "edit", seq, text: "hi <@bob>", ifVersion: 1 })).toMatchObject({
      kind: "message.edited",
      target: seq,
      version: 2,
      mentions: [bob],
      n: 1,
    });
    expect(chat.messages.get(seq)).toMatchObject({ text: "hi <@bob>", version: 2, mentions: [bob] });
  });

  test("is for the author alone, an owner included", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(outcome(chat.judge(ann, { kind: "edit", seq, text: "never said" }))).toBe("forbidden");
  });

  test("is refused for another version, a deleted message and none at all", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(chat.judge(cas, { kind: "edit", seq, text: "x", ifVersion: 2 })).toMatchObject({
      error: { code: "version_mismatch", detail: { version: 1 } },
    });
    chat.given(cas, { kind: "delete", seq });
    expect(outcome(chat.judge(cas, { kind: "edit", seq, text: "x", ifVersion: 9 }))).toBe("message_deleted");
    expect(outcome(chat.judge(cas, { kind: "edit", seq: 1, text: "x" }))).toBe("no_such_message");
  });

  test("to the same text changes nothing", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(outcome(chat.judge(cas, { kind: "edit", seq, text: "hello" }))).toBe("noop");
    expect(outcome(chat.judge(cas, { kind: "edit", seq, text: "hello", ifVersion: 3 }))).toBe(
      "version_mismatch",
    );
  });
});

describe("deleting", () => {
  test("is for the author and for those who moderate", () => {
    const chat = roomOf("group");
    const anns = say(chat, ann);
    const casss = say(chat, cas);
    expect(outcome(chat.judge(cas, { kind: "delete", seq: anns }))).toBe("forbidden");
    expect(outcome(chat.judge(bob, { kind: "delete", seq: anns }))).toBe("ok");
    expect(outcome(chat.judge(cas, { kind: "delete", seq: casss }))).toBe("ok");
  });

  test("of the other's message is not for a direct room", () => {
    const chat = roomOf("direct");
    expect(outcome(chat.judge(bob, { kind: "delete", seq: say(chat, ann) }))).toBe("forbidden");
  });

  test("twice is deleting once, whatever version is expected", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(outcome(chat.judge(cas, { kind: "delete", seq, ifVersion: 2 }))).toBe("version_mismatch");
    expect(chat.given(cas, { kind: "delete", seq, ifVersion: 1 })).toMatchObject({ version: 2 });
    expect(outcome(chat.judge(cas, { kind: "delete", seq, ifVersion: 1 }))).toBe("noop");
  });

  test("takes the pin with it, and says so only when there was one", () => {
    const chat = roomOf("group");
    const [first, second, third] = [say(chat), say(chat), say(chat)];
    chat.given(bob, { kind: "pin", seq: first });
    chat.given(bob, { kind: "pin", seq: second });
    expect(chat.given(cas, { kind: "delete", seq: first })).toMatchObject({ pins: [second] });
    expect(chat.given(cas, { kind: "delete", seq: third })).not.toHaveProperty("pins");
    expect(chat.room.pins).toEqual([second]);
  });
});

describe("reacting", () => {
  test("counts each user once per emoji, absolutely", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(chat.given(ann, { kind: "react", seq, emoji: "👍" })).toMatchObject({ count: 1 });
    expect(chat.given(bob, { kind: "react", seq, emoji: "👍" })).toMatchObject({ count: 2 });
    expect(outcome(chat.judge(bob, { kind: "react", seq, emoji: "👍" }))).toBe("noop");
    expect(chat.given(ann, { kind: "unreact", seq, emoji: "👍" })).toMatchObject({ count: 1 });
    expect(outcome(chat.judge(ann, { kind: "unreact", seq, emoji: "👍" }))).toBe("noop");
    expect(chat.messages.get(seq)?.reactions).toEqual({ "👍": 1 });
  });

  test.each(["__proto__", "constructor", "toString"])("takes %s for an emoji like any other", (emoji) => {
    const chat = roomOf("group");
    const seq = say(chat);
    expect(chat.given(ann, { kind: "react", seq, emoji })).toMatchObject({ count: 1 });
    expect(chat.given(bob, { kind: "react", seq, emoji })).toMatchObject({ count: 2 });
    expect(Object.entries(chat.messages.get(seq)?.reactions ?? {})).toEqual([[emoji, 2]]);
    chat.given(ann, { kind: "unreact", seq, emoji });
    chat.given(bob, { kind: "unreact", seq, emoji });
    expect(Object.entries(chat.messages.get(seq)?.reactions ?? {})).toEqual([]);
  });

  test("with one kind more than the limit is refused, with a kind that is there it is not", () => {
    const chat = roomOf("group", { limits: { reactionKindsMax: 2 } });
    const seq = say(chat);
    chat.given(ann, { kind: "react", seq, emoji: "a" });
    chat.given(ann, { kind: "react", seq, emoji: "b" });
    expect(outcome(chat.judge(ann, { kind: "react", seq, emoji: "c" }))).toBe("too_many_reactions");
    expect(outcome(chat.judge(bob, { kind: "react", seq, emoji: "b" }))).toBe("ok");
  });

  test("to a deleted message is refused, and so is taking it back", () => {
    const chat = roomOf("group");
    const seq = say(chat);
    chat.given(ann, { kind: "react", seq, emoji: "a" });
    chat.given(cas, { kind: "delete", seq });
    expect(outcome(chat.judge(bob, { kind: "react", seq, emoji: "a" }))).toBe("message_deleted");
    expect(outcome(chat.judge(ann, { kind: "unreact", seq, emoji: "a" }))).toBe("message_deleted");
  });
});

describe("pinning", () => {
  test("lists pins in the order of pinning", () => {
    const chat = roomOf("group");
    const [first, second] = [say(chat), say(chat)];
    chat.given(bob, { kind: "pin", seq: second });
    expect(chat.given(ann, { kind: "pin", seq: first })).toMatchObject({ pins: [second, first] });
    expect(outcome(chat.judge(ann, { kind: "pin", seq: first }))).toBe("noop");
    expect(chat.given(ann, { kind: "unpin", seq: second })).toMatchObject({ pins: [first] });
    expect(outcome(chat.judge(ann, { kind: "unpin", seq: second }))).toBe("noop");
    expect(chat.messages.get(first)?.pinned).toBe(true);
  });

  test("is for those who moderate, in a direct room for both", () => {
    const chat = roomOf("public");
    expect(outcome(chat.judge(cas, { kind: "pin", seq: say(chat) }))).toBe("forbidden");
    const direct = roomOf("direct");
    const seq = say(direct, ann);
    for (const author of [ann, bob]) expect(outcome(direct.judge(author, { kind: "pin", seq }))).toBe("ok");
  });

  test("is refused above the limit, for a deleted message and for none at all", () => {
    const chat = roomOf("group", { limits: { roomPinsMax: 1 } });
    const [first, second] = [say(chat), say(chat)];
    chat.given(bob, { kind: "pin", seq: first });
    expect(outcome(chat.judge(bob, { kind: "pin", seq: second }))).toBe("too_many_pins");
    chat.given(cas, { kind: "delete", seq: second });
    expect(outcome(chat.judge(bob, { kind: "pin", seq: second }))).toBe("message_deleted");
    expect(outcome(chat.judge(bob, { kind: "unpin", seq: 99 }))).toBe("no_such_message");
  });
});

describe("where history begins with joining", () => {
  test("older messages do not exist for a newcomer", () => {
    const chat = roomOf("public");
    chat.given(ann, { kind: "room.update", history: "since-join" });
    const old = say(chat);
    const dan = user("dan");
    chat.given(dan, { kind: "member.join" });
    expect(outcome(chat.judge(dan, { kind: "react", seq: old, emoji: "a" }))).toBe("no_such_message");
    expect(outcome(chat.judge(dan, { kind: "delete", seq: old }))).toBe("no_such_message");
    expect(outcome(chat.judge(dan, { kind: "send", text: "?", replyTo: old }))).toBe("no_such_message");
    expect(outcome(chat.judge(dan, { kind: "react", seq: say(chat), emoji: "a" }))).toBe("ok");
  });

  test("one's own older messages can still be taken back after a return", () => {
    const chat = roomOf("public");
    chat.given(ann, { kind: "room.update", history: "since-join" });
    const old = say(chat);
    chat.given(cas, { kind: "member.leave" });
    chat.given(cas, { kind: "member.join" });
    expect(outcome(chat.judge(cas, { kind: "delete", seq: old }))).toBe("ok");
  });
});
