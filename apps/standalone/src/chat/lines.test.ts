import {
  eventKinds,
  type EventKind,
  mustParse,
  parseRoomId,
  parseUserId,
  type RoomEvent,
} from "@parley/protocol";
import { expect, test } from "vitest";
import { eventLine, messageLine, stateLine } from "./lines.ts";
import { Names } from "./names.ts";

const author = mustParse(parseUserId, "u_ann");
const ts = "2026-01-01T12:34:00.000Z";
const nameOf = (user: string): string => (user === "u_ann" ? "Ann" : user);
const event = (kind: EventKind, fields: object): RoomEvent =>
  ({ kind, seq: 7, n: 3, ts, author, ...fields }) as RoomEvent;

test("a message shows its number, which commands name it by, and its author's name", () => {
  expect(eventLine(event("message.created", { text: "hello" }), nameOf)).toMatch(
    /^7 {2}\d\d:\d\d {2}Ann: hello$/u,
  );
});

test("a message cannot move the reader's cursor or clear the screen", () => {
  const line = eventLine(event("message.created", { text: "a\u001b[2Jb\r\u0007\u009bc\nd" }), nameOf);
  expect(line).toMatch(/Ann: a\[2Jbc\nd$/u);
});

test("a deleted message keeps its place in the history without its text", () => {
  const view = {
    room: mustParse(parseRoomId, "r_1"),
    seq: 7,
    n: 3,
    ts,
    author,
    text: "",
    reactions: [],
    lastSeq: 9,
  };
  const line = messageLine({ ...view, version: 2, deleted: true, pinned: false }, nameOf);
  expect(line).toMatch(/Ann: \(deleted\)$/u);
});

test("every kind of event has a line or is left out on purpose", () => {
  const fields = {
    text: "t",
    emoji: "👍",
    target: 3,
    user: "u_bob",
    settings: { archived: true },
    memberCount: 2,
    count: 1,
  };
  const silent = eventKinds.filter((kind) => eventLine(event(kind, fields), nameOf) === undefined);
  expect(silent).toEqual(["access.revoked", "invalid"]);
});

test("only a connection that is not well has a line", () => {
  expect(stateLine({ kind: "online" })).toBeUndefined();
  expect(stateLine({ kind: "waiting", reason: "connection_lost", retryAtMs: 0 })).toMatch(/reconnecting…/u);
  expect(stateLine({ kind: "stopped", reason: "unauthorized" })).toMatch(/unauthorized/u);
});

test("names are asked for once for everybody unknown, and again for who stays unknown only after a while", async () => {
  let asked = 0;
  let nowMs = 0;
  const users = new Map([["u_ann", "Ann"]]);
  const userNames = async () => {
    asked += 1;
    return new Map(users);
  };
  const names = new Names({ userNames }, () => nowMs);
  await names.learn(["u_ann", "u_somebody_new"]);
  await names.learn(["u_ann", "u_somebody_new"]);
  expect([asked, names.of("u_ann"), names.of("u_somebody_new")]).toEqual([1, "Ann", "u_somebody"]);
  users.set("u_bob", "Bob");
  await names.learn(["u_bob"]);
  expect([asked, names.of("u_bob")]).toEqual([2, "Bob"]);
  nowMs = 30_000;
  await names.learn(["u_somebody_new"]);
  expect(asked).toBe(3);
});
