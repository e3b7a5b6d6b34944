import { mustParse, parseUserId, type RoomEvent } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { countUnread, type MessageWindow, slide } from "./message-window.ts";

const [ann, bob] = ["ann", "bob"].map((id) => mustParse(parseUserId, id)) as [never, never];
const ts = "2026-01-01T00:00:00.000Z";
const created = (seq: number, mentions: never[] = []): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts,
  author: ann,
  text: "x",
  ...(mentions.length === 0 ? {} : { mentions }),
});
const deleted = (seq: number, target: number): RoomEvent => ({
  kind: "message.deleted",
  seq,
  n: seq,
  ts,
  author: ann,
  target,
  version: 2,
});
const windowOf = (events: readonly RoomEvent[], max = 100): MessageWindow =>
  events.reduce((window, event) => slide(window, event, max), {
    messages: [],
    complete: true,
  } as MessageWindow);
const question = (mark: number) => ({ mark, user: bob, max: 100 });

describe("the window of newest messages", () => {
  it("counts what is above the mark and not deleted, and who is mentioned", () => {
    const window = windowOf([created(1), created(2, [bob]), created(3), deleted(4, 3)]);
    expect(countUnread(window, question(0))).toEqual({ unread: 2, mentions: 1 });
    expect(countUnread(window, question(2))).toEqual({ unread: 0, mentions: 0 });
  });

  it("says that it cannot tell when it does not reach down to the mark", () => {
    const window = windowOf(
      Array.from({ length: 10 }, (_, index) => created(index + 1)),
      5,
    );
    expect(window.complete).toBe(false);
    expect(countUnread(window, question(2))).toBeUndefined();
    expect(countUnread(window, question(6))).toEqual({ unread: 4, mentions: 0 });
  });

  it("is exact at a full count, however far the mark is", () => {
    const window = windowOf(
      Array.from({ length: 150 }, (_, index) => created(index + 1)),
      120,
    );
    expect(countUnread(window, question(0))).toEqual({ unread: 100, mentions: 0 });
  });
});
