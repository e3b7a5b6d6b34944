import { mustParse, parseRoomId, revocationRoom } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { emptyRoom } from "./evolve.ts";
import { mayRead, unread } from "./reading.ts";
import { ann, bob, cas, dee, roomOf } from "./room-under-test.ts";

describe("reading", () => {
  test("is for members, from the first event", () => {
    const { room, members } = roomOf("broadcast");
    expect(mayRead(room, members.get(cas))).toEqual({ kind: "from", fromSeq: 0 });
  });

  test("begins with the last coming in, where history does", () => {
    const chat = roomOf("public");
    chat.given(ann, { kind: "room.update", history: "since-join" });
    expect(mayRead(chat.room, chat.members.get(cas))).toEqual({ kind: "from", fromSeq: 1 });
    chat.given(cas, { kind: "member.leave" });
    const back = chat.given(cas, { kind: "member.join" });
    expect(mayRead(chat.room, chat.members.get(cas))).toEqual({ kind: "from", fromSeq: back.seq });
  });

  test("is refused to strangers, to those who left and to those who are banned", () => {
    const chat = roomOf("public");
    chat.given(cas, { kind: "member.leave" });
    chat.given(ann, { kind: "member.ban", user: bob });
    const code = (user: typeof ann) => {
      const read = mayRead(chat.room, chat.members.get(user));
      return read.kind === "refused" ? read.error.code : read.kind;
    };
    expect([code(dee), code(cas), code(bob)]).toEqual(["not_member", "not_member", "banned"]);
  });

  test("finds no room that has no event or is the service's", () => {
    const absent = emptyRoom(mustParse(parseRoomId, "r_1"));
    const reserved = { ...emptyRoom(revocationRoom), head: 5 };
    for (const room of [absent, reserved]) {
      expect(mayRead(room, undefined)).toMatchObject({ kind: "refused", error: { code: "no_such_room" } });
    }
  });
});

describe("unread messages", () => {
  const message = (seq: number, options: { deleted?: boolean; mentions?: (typeof ann)[] } = {}) => ({
    seq,
    deleted: options.deleted ?? false,
    mentions: options.mentions ?? [],
  });

  test("are those above the mark that are not deleted", () => {
    const list = [message(2), message(3), message(5, { deleted: true }), message(8), message(9)];
    expect(unread(list, { mark: 3, user: ann, max: 100 })).toEqual({ unread: 2, mentions: 0 });
    expect(unread(list, { mark: 0, user: ann, max: 100 })).toEqual({ unread: 4, mentions: 0 });
    expect(unread(list, { mark: 9, user: ann, max: 100 })).toEqual({ unread: 0, mentions: 0 });
    expect(unread([], { mark: 0, user: ann, max: 100 })).toEqual({ unread: 0, mentions: 0 });
  });

  test("are counted no further than the newest so many, mentions among them too", () => {
    const list = [
      message(1, { mentions: [ann] }),
      message(2),
      message(3, { mentions: [ann, bob] }),
      message(4),
    ];
    expect(unread(list, { mark: 0, user: ann, max: 3 })).toEqual({ unread: 3, mentions: 1 });
    expect(unread(list, { mark: 0, user: ann, max: 4 })).toEqual({ unread: 4, mentions: 2 });
    expect(unread(list, { mark: 0, user: cas, max: 4 })).toEqual({ unread: 4, mentions: 0 });
  });
});
