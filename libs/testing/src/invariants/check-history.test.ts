import { mustParse, parseKey, parseRoomId, parseUserId, type RoomEvent } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import type {
  AppliedHistory,
  AppliedStep,
  Invocation,
  ObservedMark,
  RecordedHistory,
  RoomRecord,
} from "../recorded-history.ts";
import { RoomFold } from "../room-fold.ts";
import { checkHistory, report } from "./check-history.ts";
import { evidenceOf, unchecked } from "./evidence.ts";

const room = mustParse(parseRoomId, "r_test");
const ada = mustParse(parseUserId, "ada");
const bob = mustParse(parseUserId, "bob");
const key = (text: string) => mustParse(parseKey, text);

const ts = (seq: number) => `2026-01-01T00:00:00.${String(seq).padStart(3, "0")}Z`;
const settings = { slowModeMs: 0, archived: false, history: "all" as const };

const created: RoomEvent = {
  kind: "room.created",
  seq: 1,
  n: 0,
  ts: ts(1),
  author: ada,
  roomKind: "group",
  settings,
  members: [
    { user: ada, role: "owner" },
    { user: bob, role: "member" },
  ],
  memberCount: 2,
  ownerCount: 1,
};
const message = (seq: number, n: number, author = ada): RoomEvent => ({
  kind: "message.created",
  seq,
  n,
  ts: ts(seq),
  author,
  key: key(`k${seq}`),
  text: `text ${seq}`,
});
const edited: RoomEvent = {
  kind: "message.edited",
  seq: 4,
  n: 2,
  ts: ts(4),
  author: ada,
  key: key("k4"),
  target: 2,
  text: "better",
  version: 2,
};
const deleted: RoomEvent = {
  kind: "message.deleted",
  seq: 5,
  n: 2,
  ts: ts(5),
  author: bob,
  key: key("k5"),
  target: 3,
  version: 2,
};
const reacted: RoomEvent = {
  kind: "reaction.added",
  seq: 6,
  n: 2,
  ts: ts(6),
  author: bob,
  target: 2,
  emoji: "+1",
  count: 1,
};
const soundLog: readonly RoomEvent[] = [created, message(2, 1), message(3, 2, bob), edited, deleted, reacted];

const pagesOf = (log: readonly RoomEvent[]) =>
  [...new RoomFold(log).messages.values()].map((one) => ({
    room,
    seq: one.seq,
    n: one.n,
    ts: one.ts,
    author: one.author,
    text: one.text,
    version: one.version,
    deleted: one.deleted,
    pinned: one.pinned,
    reactions: [...one.reactions].map(([emoji, users]) => ({ emoji, count: users.size, mine: false })),
    lastSeq: one.seq,
  }));

const send = (seq: number, startedMs: number, author = ada): Invocation => ({
  room,
  author,
  key: key(`k${seq}`),
  action: { kind: "send", text: `text ${seq}` },
  session: author,
  startedMs,
  answers: [{ atMs: startedMs + 5, outcome: "ok", seq }],
});

const run = (device: string, log: readonly RoomEvent[], user = bob): AppliedHistory => ({
  room,
  user,
  device,
  steps: [
    { kind: "start", epoch: 1, seq: 0 },
    ...log.map((event): AppliedStep => ({ kind: "event", epoch: 1, event })),
  ],
});

const mark = (device: string, seq: number, unread: number): ObservedMark => ({
  room,
  user: bob,
  device,
  mark: seq,
  unread,
  head: soundLog.length,
});

const record = (changes: Partial<RoomRecord> = {}): RoomRecord => {
  const log = changes.log ?? soundLog;
  return { room, epoch: 1, log, earlierLogs: [log.slice(0, 3)], pages: [pagesOf(log)], ...changes };
};

const history = (changes: Partial<RecordedHistory> = {}): RecordedHistory => ({
  rooms: [record()],
  invocations: [send(2, 10), send(3, 20, bob)],
  applied: [run("bob-phone", changes.rooms?.[0]?.log ?? soundLog)],
  marks: [mark("bob-phone", 3, 0), mark("bob-laptop", 3, 0)],
  ...changes,
});

const found = (changes: Partial<RecordedHistory>) => [
  ...new Set(checkHistory(history(changes)).map(({ invariant }) => invariant)),
];
const without = (log: readonly RoomEvent[], seq: number) => log.filter((event) => event.seq !== seq);

describe("the checker", () => {
  test("finds nothing in a sound history", () => {
    expect(report(checkHistory(history()))).toBe("");
  });

  test("reports I1 when what was acknowledged is not in the log, or is something else", () => {
    expect(found({ invocations: [send(7, 10)] })).toEqual(["I1"]);
    const other = { ...send(2, 10), action: { kind: "send", text: "never said" } } as const;
    expect(found({ invocations: [other] })).toEqual(["I1"]);
  });

  test("reports I2 when a key is in the log twice", () => {
    const again: RoomEvent = { ...message(7, 3), key: key("k2") };
    expect(found({ rooms: [record({ log: [...soundLog, again] })], marks: [] })).toEqual(["I2"]);
  });

  test("reports I2 when a key was acknowledged at two places", () => {
    const moved = { ...send(2, 10), answers: [...send(2, 10).answers, ...send(3, 12).answers] };
    expect(found({ invocations: [moved] })).toContain("I2");
  });

  test("reports I3 when a client skips, repeats, swaps or stops early", () => {
    expect(found({ applied: [run("d", without(soundLog, 3))] })).toEqual(["I3"]);
    expect(found({ applied: [run("d", soundLog.slice(0, 4))] })).toEqual(["I3"]);
    const [first, second, third, ...rest] = soundLog;
    expect(found({ applied: [run("d", [first!, third!, second!, ...rest])] })).toContain("I3");
    expect(found({ applied: [run("d", [first!, first!, second!, third!, ...rest])] })).toContain("I3");
  });

  test("reports I4 when one session's commands changed places", () => {
    expect(found({ invocations: [send(3, 10, bob), { ...send(2, 11), session: bob }] })).toEqual(["I4"]);
  });

  test("reports I5 when a client applies what the log does not have", () => {
    const altered = soundLog.map((event) => (event.seq === 2 ? { ...event, text: "altered" } : event));
    expect(found({ applied: [run("d", altered as readonly RoomEvent[])] })).toEqual(["I5"]);
    expect(found({ applied: [run("d", [...soundLog, message(7, 3)])] })).toContain("I5");
  });

  test("reports I6 when a command overtakes one that was acknowledged before it was asked", () => {
    expect(found({ invocations: [send(3, 10, bob), send(2, 100)] })).toEqual(["I6"]);
  });

  test("reports I7 when a removed member receives on", () => {
    const removed: RoomEvent = {
      kind: "member.removed",
      seq: 7,
      n: 2,
      ts: ts(7),
      author: ada,
      user: bob,
      memberCount: 1,
      ownerCount: 1,
    };
    const log = [...soundLog, removed, message(8, 3)];
    const rooms = [record({ log })];
    expect(found({ rooms, applied: [run("d", log.slice(0, 7))], marks: [] })).toEqual([]);
    expect(found({ rooms, applied: [run("d", log)], marks: [] })).toEqual(["I7"]);
  });

  test("reports I7 when a stranger receives anything", () => {
    const stranger = mustParse(parseUserId, "eve");
    expect(found({ applied: [run("d", soundLog, stranger)] })).toEqual(["I7"]);
  });

  test("reports I7 when a newcomer sees what a room hides", () => {
    const hidden: RoomEvent = {
      ...created,
      settings: { ...settings, history: "since-join" },
      members: [],
      memberCount: 1,
    };
    const joined: RoomEvent = {
      kind: "member.joined",
      seq: 3,
      n: 1,
      ts: ts(3),
      author: bob,
      role: "member",
      memberCount: 2,
      ownerCount: 1,
    };
    const log = [hidden, message(2, 1), joined];
    const common = { rooms: [record({ log })], invocations: [], marks: [] };
    expect(found({ ...common, applied: [run("d", log)] })).toEqual(["I7"]);
  });

  test("reports I8 when somebody writes who is not in the room", () => {
    const stranger = mustParse(parseUserId, "eve");
    const log = [...soundLog, message(7, 3, stranger)];
    expect(found({ rooms: [record({ log })], marks: [] })).toEqual(["I8"]);
  });

  test("reports I9 when the log has a hole, pages skip or repeat, or time goes back", () => {
    expect(found({ rooms: [record({ log: without(soundLog, 5) })], applied: [], marks: [] })).toContain("I9");
    const pages = pagesOf(soundLog);
    expect(found({ rooms: [record({ pages: [pages.slice(1)] })] })).toEqual(["I9"]);
    expect(found({ rooms: [record({ pages: [[pages[0]!, ...pages]] })] })).toEqual(["I9"]);
    const back = soundLog.map((event) => (event.seq === 6 ? { ...event, ts: ts(1) } : event));
    expect(found({ rooms: [record({ log: back })], applied: [] })).toEqual(["I9"]);
  });

  test("reports I10 when a deleted message comes back or an edit is lost", () => {
    const [first, second] = pagesOf(soundLog);
    const lost = { ...first!, text: "text 2", version: 1 };
    expect(found({ rooms: [record({ pages: [[lost, second!]] })] })).toEqual(["I10"]);
    const risen = { ...second!, text: "text 3", deleted: false };
    expect(found({ rooms: [record({ pages: [[first!, risen]] })] })).toEqual(["I10"]);
    const log = [...soundLog, { ...edited, seq: 7, ts: ts(7), key: key("k7"), target: 3, version: 3 }];
    expect(found({ rooms: [record({ log })], marks: [] })).toEqual(["I10"]);
  });

  test("reports I11 when a mark goes back, a count is wrong or devices disagree", () => {
    expect(found({ marks: [mark("d", 5, 0), mark("d", 3, 0)] })).toEqual(["I11"]);
    expect(found({ marks: [mark("d", 3, 4)] })).toEqual(["I11"]);
    expect(found({ marks: [mark("d", 3, 0), mark("e", 4, 0)] })).toEqual(["I11"]);
    expect(found({ marks: [mark("d", 2, 0)] })).toEqual(["I11"]);
  });

  test("reports I12 when what was refused appears, or its answer changes", () => {
    const refused = (code: "banned" | "forbidden") => ({ atMs: 15, outcome: "refused", code }) as const;
    expect(found({ invocations: [{ ...send(2, 10), answers: [refused("banned")] }] })).toEqual(["I12"]);
    const changing = { ...send(9, 10), answers: [refused("banned"), refused("forbidden")] };
    expect(found({ invocations: [changing] })).toEqual(["I12"]);
  });

  test("reports I13 when the log was once read otherwise", () => {
    const earlier = soundLog.map((event) => (event.seq === 2 ? { ...event, text: "before" } : event));
    expect(found({ rooms: [record({ earlierLogs: [earlier as readonly RoomEvent[]] })] })).toEqual(["I13"]);
  });

  test("reports I14 when a client goes back or another epoch comes unannounced", () => {
    const steps = run("d", soundLog).steps;
    const again: AppliedStep[] = [{ kind: "start", epoch: 1, seq: 2 }, ...steps.slice(3)];
    expect(found({ applied: [{ ...run("d", []), steps: [...steps, ...again] }] })).toEqual(["I14"]);
    const unannounced = steps.map((step, index) => (index < 4 ? step : { ...step, epoch: 2 }));
    expect(found({ applied: [{ ...run("d", []), steps: unannounced }] })).toEqual(["I14"]);
  });
});

describe("the evidence", () => {
  test("counts what each promise was checked on", () => {
    expect(evidenceOf(history())).toMatchObject({ I1: 2, I2: 4, I3: 6, I6: 1, I8: 6, I9: 2, I10: 2, I13: 3 });
  });

  test("names the promises of which a history shows nothing", () => {
    expect(unchecked(evidenceOf(history()))).toEqual(["I4", "I7", "I11", "I12"]);
    const empty = { rooms: [], invocations: [], applied: [], marks: [] };
    expect(unchecked(evidenceOf(empty))).toHaveLength(14);
  });

  test("of unread counts and refusals is what is not nothing", () => {
    const answers = [{ atMs: 15, outcome: "refused", code: "banned" }] as const;
    const more = { marks: [mark("d", 2, 1), mark("d", 3, 0)], invocations: [{ ...send(9, 10), answers }] };
    expect(evidenceOf(history(more))).toMatchObject({ I11: 1, I12: 1 });
  });
});
