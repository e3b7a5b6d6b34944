import {
  mustParse,
  parseSessionId,
  parseUserId,
  type PresenceView,
  type SessionId,
  type UserId,
} from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PendingChanges, WatchLists } from "./presence-watch.ts";

const session = (name: string): SessionId => mustParse(parseSessionId, name);
const user = (name: string): UserId => mustParse(parseUserId, name);
const [s1, s2] = [session("s1"), session("s2")];
const [ada, bob, eve] = [user("ada"), user("bob"), user("eve")];
const view = (of: UserId, version: number): PresenceView => ({ user: of, status: "online", version });

describe("watch lists", () => {
  test("answer which users are new to the session", () => {
    const lists = new WatchLists(10);
    expect(lists.watch(s1, [ada, bob, ada])).toEqual([ada, bob]);
    expect(lists.watch(s1, [bob, eve])).toEqual([eve]);
  });

  test("refuse a session more users than the bound, and then add none", () => {
    const lists = new WatchLists(2);
    lists.watch(s1, [ada]);
    expect(lists.watch(s1, [bob, eve])).toBe("too_many");
    expect([...lists.sessionsOf(bob)]).toEqual([]);
    expect(lists.watch(s1, [ada, bob])).toEqual([bob]);
    expect(lists.watch(s2, [eve, ada])).toEqual([eve, ada]);
  });

  test("say whom nobody watches any more", () => {
    const lists = new WatchLists(10);
    lists.watch(s1, [ada, bob]);
    lists.watch(s2, [bob]);
    expect(lists.unwatch(s1, [ada, bob, eve])).toEqual([ada]);
    expect(lists.forget(s2)).toEqual([bob]);
    expect(lists.watchedUsers()).toEqual([]);
  });

  test("agree in both directions whatever is done", () => {
    const names = ["u1", "u2", "u3", "u4"].map(user);
    const step = fc.record({
      kind: fc.constantFrom("watch", "unwatch", "forget"),
      by: fc.constantFrom(s1, s2),
      users: fc.subarray(names),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const lists = new WatchLists(3);
        const model = new Map<SessionId, Set<UserId>>([
          [s1, new Set()],
          [s2, new Set()],
        ]);
        for (const { kind, by, users } of steps) {
          const watched = model.get(by) ?? new Set();
          const union = new Set([...watched, ...users]);
          if (kind === "watch" && union.size <= 3) model.set(by, union);
          if (kind === "unwatch")
            model.set(by, new Set([...watched].filter((each) => !users.includes(each))));
          if (kind === "forget") model.set(by, new Set());
          if (kind === "watch") lists.watch(by, users);
          if (kind === "unwatch") lists.unwatch(by, users);
          if (kind === "forget") lists.forget(by);
        }
        for (const each of names) {
          const expected = [s1, s2].filter((by) => model.get(by)?.has(each));
          expect([...lists.sessionsOf(each)].sort()).toEqual(expected);
          expect(lists.isWatched(each)).toBe(expected.length > 0);
        }
      }),
    );
  });
});

describe("pending changes", () => {
  const watching = () => {
    const lists = new WatchLists(10);
    lists.watch(s1, [ada, bob]);
    lists.watch(s2, [bob]);
    return { lists, changes: new PendingChanges(lists) };
  };

  test("are one batch for each watching session, the newest view of each user", () => {
    const { changes } = watching();
    changes.hear([view(ada, 1), view(bob, 1)]);
    changes.hear([view(bob, 2)]);
    expect(changes.drain()).toEqual([
      { session: s1, views: [view(ada, 1), view(bob, 2)] },
      { session: s2, views: [view(bob, 2)] },
    ]);
    expect(changes.drain()).toEqual([]);
  });

  test("leave out what is older than what was heard, also after it was told", () => {
    const { changes } = watching();
    changes.hear([view(ada, 5)]);
    changes.hear([view(ada, 4)]);
    expect(changes.drain()).toEqual([{ session: s1, views: [view(ada, 5)] }]);
    changes.hear([view(ada, 5), view(ada, 3)]);
    expect(changes.isEmpty).toBe(true);
  });

  test("leave out users nobody watches", () => {
    const { changes } = watching();
    changes.hear([view(eve, 1)]);
    expect(changes.isEmpty).toBe(true);
  });

  test("leave out what the asker is about to be answered, but not what the feed has lost", () => {
    const { changes } = watching();
    changes.learn([view(ada, 5)]);
    expect(changes.isEmpty).toBe(true);
    changes.learn([view(ada, 6)]);
    expect(changes.drain()).toEqual([{ session: s1, views: [view(ada, 6)] }]);
  });

  test("forget users whom nobody watches any more", () => {
    const { lists, changes } = watching();
    changes.hear([view(ada, 5)]);
    changes.drop(lists.unwatch(s1, [ada]));
    expect(changes.isEmpty).toBe(true);
    lists.watch(s1, [ada]);
    changes.hear([view(ada, 5)]);
    expect(changes.isEmpty).toBe(false);
  });
});
