import { type Action, roles, type Role, type RoomKind, roomKinds, utf8Bytes } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { factNeeds } from "./decide.ts";
import { type Deed, deeds, permissions, type Permission, type Standing } from "./permissions.ts";
import { ann, bob, cas, dee, outcome, roomOf, RoomUnderTest, user } from "./room-under-test.ts";

describe("the first check that fails is the answer", () => {
  test("a room that does not exist comes before everything", () => {
    expect(outcome(new RoomUnderTest().judge(ann, { kind: "edit", seq: 9, text: "x" }))).toBe("no_such_room");
  });

  test("a ban comes before membership, and membership before the room's state", () => {
    const chat = roomOf("public");
    chat.given(ann, { kind: "member.ban", user: cas });
    chat.given(ann, { kind: "room.archive", archived: true });
    expect(outcome(chat.judge(cas, { kind: "send", text: "x" }))).toBe("banned");
    expect(outcome(chat.judge(dee, { kind: "send", text: "x" }))).toBe("not_member");
    expect(outcome(chat.judge(bob, { kind: "room.update", name: "x" }))).toBe("archived");
  });

  test("the room's kind comes before the role, and the role before the arguments", () => {
    expect(outcome(roomOf("direct").judge(bob, { kind: "member.add", user: ann }))).toBe("kind_forbids");
    expect(outcome(roomOf("group").judge(cas, { kind: "pin", seq: 99 }))).toBe("forbidden");
    expect(outcome(roomOf("group").judge(bob, { kind: "pin", seq: 99 }))).toBe("no_such_message");
  });
});

describe("an event", () => {
  test("carries the command's author and key, and the owner's time", () => {
    const chat = roomOf("group");
    chat.nowMs = Date.UTC(2026, 4, 6, 7, 8, 9, 10);
    expect(chat.given(cas, { kind: "send", text: "x" })).toMatchObject({
      author: cas,
      key: "k3",
      ts: "2026-05-06T07:08:09.010Z",
    });
  });

  test("is never earlier than the one before", () => {
    const chat = roomOf("group");
    const before = chat.given(cas, { kind: "send", text: "x" }).ts;
    chat.nowMs -= 3_600_000;
    expect(chat.given(cas, { kind: "send", text: "y" }).ts).toBe(before);
  });

  test("over the size limit is refused, at the limit it is not", () => {
    const chat = roomOf("group");
    const text = "é".repeat(500);
    const decision = chat.judge(cas, { kind: "send", text });
    const bytes = decision.kind === "events" ? utf8Bytes(JSON.stringify(decision.events[0])) : 0;
    const judge = (eventBytesMax: number) =>
      outcome(roomOf("group", { limits: { eventBytesMax } }).judge(cas, { kind: "send", text }));
    expect([judge(bytes), judge(bytes - 1)]).toEqual(["ok", "too_large"]);
  });

  test("has no field without a value", () => {
    const chat = roomOf("group");
    for (const event of [...chat.events, chat.given(cas, { kind: "send", text: "x" })]) {
      expect(Object.values(event)).not.toContain(undefined);
    }
  });
});

describe("needs", () => {
  const needs = (action: Action, bot = false) => factNeeds(new RoomUnderTest().command(ann, action, bot));

  test("name the author, whom the command is about and whom it may ping, once each", () => {
    expect(needs({ kind: "member.leave" }).members).toEqual([ann]);
    expect(needs({ kind: "member.ban", user: bob }).members).toEqual([ann, bob]);
    expect(needs({ kind: "member.remove", user: ann }).members).toEqual([ann]);
    expect(needs({ kind: "send", text: "<@bob> <@ann>", mentions: [cas, bob] }).members).toEqual([
      ann,
      cas,
      bob,
    ]);
    expect(needs({ kind: "edit", seq: 4, text: "<@bob>" }, true).members).toEqual([ann]);
  });

  test("name the message that is changed or answered, and the reaction", () => {
    expect(needs({ kind: "send", text: "x", replyTo: 7 }).messages).toEqual([7]);
    expect(needs({ kind: "pin", seq: 7 })).toMatchObject({ messages: [7], reaction: undefined });
    expect(needs({ kind: "unreact", seq: 7, emoji: "a" })).toMatchObject({
      messages: [7],
      reaction: { seq: 7, emoji: "a" },
    });
  });
});

describe("the table of permissions is what is decided", () => {
  const eve = user("eve");

  /** A room of `kind` with somebody of `standing` called eve, dee below everybody, and messages 3 or 4 of dee and eve. */
  function roomWith(
    kind: RoomKind,
    standing: Standing,
  ): { chat: RoomUnderTest; own: number; others: number } {
    const chat = new RoomUnderTest();
    const members = kind === "direct" ? [eve] : [dee, ...(standing === "outsider" ? [] : [eve])];
    chat.given(ann, { kind: "room.create", roomKind: kind, members });
    const writers = kind === "direct" ? [ann, eve] : [dee, ann];
    if (kind === "broadcast") chat.given(ann, { kind: "member.role", user: dee, role: "moderator" });
    const others = chat.given(writers[0] ?? ann, { kind: "send", text: "theirs" }).seq;
    if (kind === "broadcast") chat.given(ann, { kind: "member.role", user: dee, role: "member" });
    if (standing === "outsider" || kind === "direct") {
      const own = kind === "direct" ? chat.given(eve, { kind: "send", text: "mine" }).seq : others;
      return { chat, own, others };
    }
    chat.given(ann, { kind: "member.role", user: eve, role: "owner" });
    const own = chat.given(eve, { kind: "send", text: "mine" }).seq;
    if (standing !== "owner") chat.given(ann, { kind: "member.role", user: eve, role: standing });
    return { chat, own, others };
  }

  const doing = (deed: Deed, own: number, others: number): Action => {
    switch (deed) {
      case "send":
        return { kind: "send", text: "x" };
      case "edit.own":
      case "edit.others":
        return { kind: "edit", seq: deed === "edit.own" ? own : others, text: "x" };
      case "delete.own":
      case "delete.others":
        return { kind: "delete", seq: deed === "delete.own" ? own : others };
      case "react":
      case "unreact":
        return { kind: deed, seq: others, emoji: "a" };
      case "pin":
      case "unpin":
        return { kind: deed, seq: others };
      case "member.join":
      case "member.leave":
        return { kind: deed };
      case "member.add":
      case "member.remove":
      case "member.ban":
      case "member.unban":
        return { kind: deed, user: dee };
      case "member.role.own":
        return { kind: "member.role", user: eve, role: "member" };
      case "member.role.others":
        return { kind: "member.role", user: dee, role: "moderator" };
      case "room.update":
        return { kind: deed, name: "x" };
      case "room.archive":
        return { kind: deed, archived: true };
      default:
        return deed satisfies never;
    }
  };

  const ranks: readonly Standing[] = ["outsider", ...roles.toReversed()];
  const prohibitions = ["not_member", "forbidden", "kind_forbids", "archived"];

  function expected(permission: Permission, kind: RoomKind, standing: Role): string {
    const needed = permission[kind];
    if (needed === "absent") return "kind_forbids";
    if (needed === "nobody") return "forbidden";
    return ranks.indexOf(standing) >= ranks.indexOf(needed) ? "allowed" : "forbidden";
  }

  const rows = roomKinds.flatMap((kind) =>
    deeds
      .filter((deed) => deed !== "member.join")
      .flatMap((deed) =>
        (kind === "direct" ? (["owner"] as const) : roles).map((standing) => ({ kind, deed, standing })),
      ),
  );

  test.each(rows)("$deed in a $kind room by $standing", ({ kind, deed, standing }) => {
    const { chat, own, others } = roomWith(kind, standing);
    const permission = permissions[deed];
    const got = outcome(chat.judge(eve, doing(deed, own, others)));
    expect(prohibitions.includes(got) ? got : "allowed").toBe(expected(permission, kind, standing));
    if (kind === "direct") return;
    chat.given(ann, { kind: "room.archive", archived: true });
    const late = outcome(chat.judge(eve, doing(deed, own, others)));
    expect(late === "archived").toBe(!permission.whenArchived);
  });

  test.each(roomKinds)("strangers may do nothing in a %s room but join where that is free", (kind) => {
    const { chat, own, others } = roomWith(kind, "outsider");
    const joining = { direct: "kind_forbids", group: "forbidden", public: "ok", broadcast: "forbidden" }[
      kind
    ];
    for (const deed of deeds) {
      const got = outcome(chat.judge(cas, doing(deed, own, others)));
      expect({ deed, got }).toEqual({ deed, got: deed === "member.join" ? joining : "not_member" });
    }
  });
});
