import {
  type AckOf,
  type ClientPayload,
  defaultLimits,
  type JoinedRoom,
  mustParse,
  parseRoomId,
  wireError,
} from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { defaultClientLimits } from "./client-limits.ts";
import { JoinQueue } from "./join-queue.ts";
import { RoomFeed } from "./room-feed.ts";
import { newCounters } from "./stats.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";

type JoinPayload = ClientPayload<"join">;
const joined = ({ room, cursor }: JoinPayload["rooms"][number]): JoinedRoom => ({
  room,
  ok: true,
  epoch: 1,
  head: cursor?.seq ?? 0,
  n: 0,
  mark: 0,
  role: "member",
});
const accept = ({ rooms }: JoinPayload): AckOf<"join"> => ({ ok: true, rooms: rooms.map(joined) });

function setUp(join: (payload: JoinPayload) => AckOf<"join"> | Promise<AckOf<"join">>) {
  const clock = new FakeClock();
  const server = scriptedRequest({ join });
  const limits = defaultClientLimits;
  const queue = new JoinQueue({ request: server.request, clock, limits });
  const feedOf = (name: string) => {
    const feed = new RoomFeed(mustParse(parseRoomId, name), {
      request: server.request,
      clock,
      limits,
      counters: newCounters(),
      me: () => undefined,
      saveCursor: () => undefined,
      rejoin: (again) => {
        queue.putOff(again);
      },
      repairOnHead: true,
      skipRepair: false,
    });
    return feed;
  };
  const calls = () => server.asked.map(([, payload]) => (payload as JoinPayload).rooms);
  return { clock, queue, feedOf, calls };
}

describe("the join queue", () => {
  test("joins many rooms in calls of the server's size, each with its cursor, one call at a time", async () => {
    const { queue, feedOf, calls } = setUp(accept);
    const feeds = ["a", "b", "c", "d", "e"].map(feedOf);
    feeds[1]!.startFrom({ epoch: 1, seq: 9 });
    for (const feed of feeds) feed.joining();
    queue.up({ ...defaultLimits, joinRoomsMax: 2 }, feeds);
    expect(calls()).toHaveLength(1);
    await settle();
    expect(calls().map((rooms) => rooms.length)).toEqual([2, 2, 1]);
    expect(calls()[0]).toEqual([{ room: "a" }, { room: "b", cursor: { epoch: 1, seq: 9 } }]);
    expect(feeds.map(({ state }) => state.kind)).toEqual(Array.from({ length: 5 }, () => "live"));
  });

  test("rooms asked for in one turn leave in one call", async () => {
    const { queue, feedOf, calls } = setUp(accept);
    queue.up(defaultLimits, []);
    for (const name of ["a", "b", "c"]) queue.add(feedOf(name));
    await settle();
    expect(calls().map((rooms) => rooms.length)).toEqual([3]);
  });

  test("puts off one room that is unavailable, refuses one for good, and joins the others", async () => {
    let down = true;
    const { queue, feedOf, calls, clock } = setUp(({ rooms }) => ({
      ok: true,
      rooms: rooms.map((asked) => {
        const { room } = asked;
        if (room === "b" && down) return { room, ok: false, error: wireError("unavailable") };
        if (room === "c") return { room, ok: false, error: wireError("not_member") };
        return joined(asked);
      }),
    }));
    const feeds = ["a", "b", "c"].map(feedOf);
    queue.up(defaultLimits, []);
    for (const feed of feeds) queue.add(feed);
    await settle();
    expect(feeds.map(({ state }) => state.kind)).toEqual(["live", "joining", "refused"]);
    down = false;
    await clock.advance(1_000);
    expect([feeds[1]!.state.kind, calls().length]).toEqual(["live", 2]);
  });

  test("does not join a room that was left before its answer", async () => {
    const answer = Promise.withResolvers<AckOf<"join">>();
    const { queue, feedOf } = setUp(() => answer.promise);
    const feed = feedOf("a");
    queue.up(defaultLimits, []);
    queue.add(feed);
    await settle();
    feed.close();
    answer.resolve(accept({ rooms: [{ room: feed.room }] }));
    await settle();
    expect(feed.state.kind).toBe("closed");
  });

  test("an answer over a connection that is gone counts for nothing", async () => {
    const answers = [Promise.withResolvers<AckOf<"join">>(), Promise.withResolvers<AckOf<"join">>()];
    let asked = 0;
    const { queue, feedOf } = setUp(() => {
      asked += 1;
      return answers[asked - 1]!.promise;
    });
    const feed = feedOf("a");
    queue.up(defaultLimits, []);
    queue.add(feed);
    await settle();
    queue.down();
    queue.up(defaultLimits, [feed]);
    await settle();
    answers[0]!.resolve({ ok: false, error: wireError("unknown") });
    await settle();
    answers[1]!.resolve(accept({ rooms: [{ room: feed.room }] }));
    await settle();
    expect([asked, feed.state.kind]).toEqual([2, "live"]);
  });

  test("takes the newest join's answer when a room was asked for again meanwhile", async () => {
    const answers: PromiseWithResolvers<AckOf<"join">>[] = [];
    const { queue, feedOf, calls } = setUp(() => {
      answers.push(Promise.withResolvers());
      return answers.at(-1)!.promise;
    });
    const feed = feedOf("a");
    feed.startFrom({ epoch: 1, seq: 9 });
    queue.up(defaultLimits, []);
    queue.add(feed);
    await settle();
    feed.startFrom(undefined);
    queue.add(feed);
    answers[0]!.resolve(accept({ rooms: [{ room: feed.room, cursor: { epoch: 1, seq: 9 } }] }));
    await settle();
    expect([calls().length, feed.state.kind]).toEqual([2, "joining"]);
    const [asked] = calls()[1]!;
    answers[1]!.resolve({ ok: true, rooms: [{ ...joined(asked!), head: 20 } as JoinedRoom] });
    await settle();
    expect([asked, feed.cursor]).toEqual([{ room: feed.room }, { epoch: 1, seq: 20 }]);
  });
});
