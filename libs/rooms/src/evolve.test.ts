import { mustParse, parseRoomId, type RoomEvent } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { emptyRoom, evolve } from "./evolve.ts";
import { ann, bob, cas, roomOf } from "./room-under-test.ts";

describe("a room's core", () => {
  test("does not exist before its first event", () => {
    expect(emptyRoom(mustParse(parseRoomId, "r_1"))).toMatchObject({
      head: 0,
      n: 0,
      ts: "",
      memberCount: 0,
      pins: [],
    });
  });

  test("is not changed by an event that is already in it", () => {
    const { room, events } = roomOf("group");
    for (const event of events) expect(evolve(room, event)).toBe(room);
  });

  test("gives an event of a newer version its place, and takes nothing else of it", () => {
    const { room } = roomOf("group");
    const newer = { ...room, kind: "message.sung", seq: room.head + 1, author: ann, target: 1 };
    const next = evolve(room, newer as unknown as RoomEvent);
    expect(next).toEqual({ ...room, head: room.head + 1 });
    expect(Object.keys(next)).toEqual(Object.keys(room));
  });

  test("refuses to skip an event", () => {
    const chat = roomOf("group");
    const { room } = chat;
    chat.given(cas, { kind: "send", text: "x" });
    const next = chat.given(cas, { kind: "send", text: "y" });
    expect(() => evolve(room, next)).toThrow("event 4 cannot follow event 2 of room r_1");
  });

  test("keeps its place, its count and its time over an event that could not be read", () => {
    const chat = roomOf("group");
    chat.given(cas, { kind: "send", text: "x" });
    const { room } = chat;
    const invalid: RoomEvent = { kind: "invalid", seq: 4, n: 0, ts: "1970-01-01T00:00:00.000Z", author: ann };
    expect(evolve(room, invalid)).toEqual({ ...room, head: 4 });
  });

  test("takes absolute results from each event", () => {
    const chat = roomOf("group");
    const seq = chat.given(cas, { kind: "send", text: "x" }).seq;
    chat.given(bob, { kind: "pin", seq });
    chat.given(ann, { kind: "room.update", name: "pit" });
    chat.given(ann, { kind: "member.remove", user: bob });
    expect(chat.room).toMatchObject({
      head: 6,
      n: 1,
      name: "pit",
      memberCount: 2,
      ownerCount: 1,
      pins: [seq],
    });
  });
});
