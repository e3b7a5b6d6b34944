import {
  mustParse,
  parseNodeId,
  parseUserId,
  type PresenceStatus,
  type PresenceView,
} from "@parley/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { Assertion, Roster } from "./port.ts";

/** A roster whose time the suite controls. */
export interface RosterSetting extends AsyncDisposable {
  readonly leaseMs: number;
  readonly graceMs: number;
  /** One more participant of the same roster. */
  participant(): Promise<Roster>;
  /** Resolves when `durationMs` have passed for the roster. */
  elapse(durationMs: number): Promise<void>;
  /** Resolves when every change published before has reached its subscribers. */
  delivered(): Promise<void>;
}

const g1 = mustParse(parseNodeId, "g1");
const g2 = mustParse(parseNodeId, "g2");
const ada = mustParse(parseUserId, "ada");
const bob = mustParse(parseUserId, "bob");

const here = (user = ada, status?: PresenceStatus, text?: string): Assertion => ({
  user,
  sockets: 1,
  status,
  text,
});
const gone = (user = ada): Assertion => ({ user, sockets: 0, status: undefined, text: undefined });

/** The promise of `Roster`. `open` begins with an empty one. */
export function rosterContract(name: string, open: () => Promise<RosterSetting>): void {
  describe(`${name} keeps the promise of Roster`, () => {
    const toClose: AsyncDisposable[] = [];
    afterEach(async () => {
      for (const each of toClose.splice(0).toReversed()) await each[Symbol.asyncDispose]();
    });

    /** A roster, all that it publishes, and how it looks now. */
    const opened = async () => {
      const setting = await open();
      toClose.push(setting);
      const roster = await setting.participant();
      const published: PresenceView[] = [];
      toClose.push(await (await setting.participant()).subscribe((changes) => published.push(...changes)));
      return {
        ...setting,
        roster,
        elapse: async (durationMs: number) => setting.elapse(durationMs),
        participant: async () => setting.participant(),
        look: async (user = ada) => (await roster.look([user]))[0],
        /** What was published since this was last asked. */
        news: async () => {
          await setting.delivered();
          return published.splice(0);
        },
        statuses: async () => {
          await setting.delivered();
          return published.splice(0).map(({ status }) => status);
        },
      };
    };

    describe("who is online", () => {
      test("is nobody the roster never heard of: offline, version 0", async () => {
        const { roster } = await opened();
        expect(await roster.look([bob, ada])).toEqual([
          { user: bob, status: "offline", version: 0 },
          { user: ada, status: "offline", version: 0 },
        ]);
      });

      test("is who a live lease asserts, and it is published once", async () => {
        const { roster, look, news } = await opened();
        const lease = await roster.open(g1);
        expect(await roster.assert(lease, [here()])).toBe("asserted");
        const view = await look();
        expect(view).toMatchObject({ user: ada, status: "online" });
        expect(await news()).toEqual([view]);
      });

      test("is not said again: a repeated assertion publishes nothing and keeps the version", async () => {
        const { roster, look, news } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada, "busy", "deep work")]);
        const before = await look();
        await news();
        await roster.assert(lease, [{ ...here(ada, "busy", "deep work"), sockets: 7 }]);
        expect(await news()).toEqual([]);
        expect(await look()).toEqual(before);
      });

      test("changes under a version that rises each time", async () => {
        const { roster, news } = await opened();
        const lease = await roster.open(g1);
        for (const status of ["online", "busy", "away", "offline", "online"] as const) {
          await roster.assert(lease, [here(ada, status)]);
        }
        const versions = (await news()).map(({ version }) => version);
        expect(versions).toHaveLength(5);
        expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
      });

      test("is told with a text until the user is not seen", async () => {
        const { roster, look } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada, "busy", "deep work")]);
        expect(await look()).toMatchObject({ status: "busy", text: "deep work" });
        await roster.assert(lease, [here(ada, "offline", "hiding")]);
        expect(await look()).not.toHaveProperty("text");
      });

      test("is published to every subscriber, until it unsubscribes", async () => {
        const { roster, participant, delivered } = await opened();
        let heard = 0;
        const subscription = await (
          await participant()
        ).subscribe((changes) => {
          heard += changes.length;
        });
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada), here(bob)]);
        await delivered();
        expect(heard).toBe(2);
        await subscription[Symbol.asyncDispose]();
        await roster.assert(lease, [here(ada, "busy")]);
        await delivered();
        expect(heard).toBe(2);
      });
    });

    describe("a user on several gateways", () => {
      test("has the strongest of the statuses declared, whatever the order", async () => {
        const pairs: readonly (readonly [PresenceStatus, PresenceStatus, PresenceStatus])[] = [
          ["online", "away", "online"],
          ["busy", "online", "busy"],
          ["away", "busy", "busy"],
          ["offline", "busy", "offline"],
        ];
        for (const [left, right, shown] of pairs) {
          for (const [first, second] of [[left, right] as const, [right, left] as const]) {
            const { roster, look } = await opened();
            await roster.assert(await roster.open(g1), [here(ada, first)]);
            await roster.assert(await roster.open(g2), [here(ada, second)]);
            expect(await look()).toMatchObject({ status: shown });
          }
        }
      });

      test("is what one declared while the other declared nothing", async () => {
        const { roster, look } = await opened();
        await roster.assert(await roster.open(g1), [here(ada, "away")]);
        await roster.assert(await roster.open(g2), [here(ada)]);
        expect(await look()).toMatchObject({ status: "away" });
      });

      test("stays online when one of them goes", async () => {
        const { roster, elapse, graceMs, statuses } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here()]);
        await roster.assert(await roster.open(g2), [here()]);
        await roster.assert(lease, [gone()]);
        await elapse(graceMs - 1);
        await roster.sweep();
        expect(await statuses()).toEqual(["online"]);
      });
    });

    describe("a user whose last socket went", () => {
      test("is seen as before until the grace ends, then offline, published once by many sweepers", async () => {
        const { roster, participant, elapse, graceMs, statuses, look } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada, "busy", "deep work")]);
        await roster.assert(lease, [gone()]);
        await statuses();
        await elapse(graceMs - 1);
        expect(await roster.sweep()).toMatchObject({ wentOffline: 0 });
        expect(await look()).toMatchObject({ status: "busy", text: "deep work" });
        await elapse(1);
        const sweepers = await Promise.all([1, 2, 3, 4].map(participant));
        const sweeps = await Promise.all(sweepers.map(async (sweeper) => sweeper.sweep()));
        expect(sweeps.reduce((total, { wentOffline }) => total + wentOffline, 0)).toBe(1);
        expect(await statuses()).toEqual(["offline"]);
        expect(await roster.sweep()).toEqual({ leasesReaped: 0, wentOffline: 0 });
      });

      test("was last seen then, not when the grace ended", async () => {
        const { roster, elapse, graceMs, look } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada), here(bob)]);
        expect(await look()).not.toHaveProperty("lastSeen");
        // Who becomes invisible is seen last at that moment, so bob's time is the one of ada's leaving.
        await roster.assert(lease, [gone(ada), here(bob, "offline")]);
        await elapse(graceMs);
        await roster.sweep();
        const [left, hidden] = [(await look())?.lastSeen ?? "", (await look(bob))?.lastSeen ?? ""];
        expect(left).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(Math.abs(Date.parse(left) - Date.parse(hidden))).toBeLessThan(graceMs / 2);
      });

      test("comes back within the grace, on another gateway, without a trace, whatever was declared", async () => {
        for (const status of ["online", "busy", "away", "offline"] as const) {
          const { roster, elapse, graceMs, news, look } = await opened();
          const lease = await roster.open(g1);
          await roster.assert(lease, [here(ada, status, "words")]);
          const before = await look();
          await news();
          await roster.assert(lease, [gone()]);
          await elapse(graceMs - 1);
          await roster.sweep();
          await roster.assert(await roster.open(g2), [here()]);
          await elapse(graceMs * 2);
          await roster.sweep();
          expect(await news()).toEqual([]);
          expect(await look()).toEqual(before);
        }
      });

      test("comes back after the grace as online, with a higher version and nothing declared", async () => {
        const { roster, elapse, graceMs, news } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here(ada, "busy")]);
        await roster.assert(lease, [gone()]);
        await elapse(graceMs);
        await roster.sweep();
        await roster.assert(await roster.open(g1), [here()]);
        const views = await news();
        expect(views.map(({ status }) => status)).toEqual(["busy", "offline", "online"]);
        expect(views[2]?.version).toBeGreaterThan(views[1]?.version ?? Number.NaN);
      });

      test("and who was invisible goes offline without anybody being told", async () => {
        const { roster, elapse, graceMs, statuses, look } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here()]);
        await roster.assert(lease, [here(ada, "offline")]);
        const hidden = await look();
        await roster.assert(lease, [gone()]);
        await elapse(graceMs);
        expect(await roster.sweep()).toMatchObject({ wentOffline: 0 });
        expect(await statuses()).toEqual(["online", "offline"]);
        expect(await look()).toEqual(hidden);
      });
    });

    describe("a lease", () => {
      test("lives as long as it is renewed", async () => {
        const { roster, elapse, leaseMs, statuses } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here()]);
        for (let renewals = 0; renewals < 5; renewals += 1) {
          await elapse(leaseMs - 1);
          expect(await roster.renew(lease)).toBe("renewed");
          expect(await roster.sweep()).toMatchObject({ leasesReaped: 0 });
        }
        expect(await statuses()).toEqual(["online"]);
      });

      test("that was not renewed is lost, swept or not", async () => {
        const { roster, elapse, leaseMs } = await opened();
        const lease = await roster.open(g1);
        await elapse(leaseMs);
        for (const leasesReaped of [1, 0]) {
          expect(await roster.renew(lease)).toBe("lost");
          expect(await roster.assert(lease, [here()])).toBe("lost");
          expect(await roster.sweep()).toMatchObject({ leasesReaped });
        }
      });

      test("that expired leaves its users their grace, and then they are offline", async () => {
        const { roster, elapse, leaseMs, graceMs, statuses } = await opened();
        await roster.assert(await roster.open(g1), [here(ada), here(bob)]);
        await elapse(leaseMs);
        expect(await roster.sweep()).toEqual({ leasesReaped: 1, wentOffline: 0 });
        await roster.assert(await roster.open(g2), [here(bob)]);
        await elapse(graceMs - 1);
        expect(await roster.sweep()).toMatchObject({ wentOffline: 0 });
        await roster.assert(await roster.open(g2), [here(bob)]);
        await elapse(1);
        expect(await roster.sweep()).toMatchObject({ wentOffline: 1 });
        expect(await statuses()).toEqual(["online", "online", "offline"]);
      });

      test("that closes leaves its users their grace at once", async () => {
        const { roster, elapse, graceMs, statuses } = await opened();
        const lease = await roster.open(g1);
        await roster.assert(lease, [here()]);
        await roster.close(lease);
        expect(await roster.renew(lease)).toBe("lost");
        await elapse(graceMs);
        expect(await roster.sweep()).toEqual({ leasesReaped: 0, wentOffline: 1 });
        expect(await statuses()).toEqual(["online", "offline"]);
      });

      test("of a new life voids the former one's assertions and calls", async () => {
        const { roster, elapse, graceMs, statuses } = await opened();
        const former = await roster.open(g1);
        await roster.assert(former, [here(ada), here(bob)]);
        const lease = await roster.open(g1);
        expect(lease.generation).toBeGreaterThan(former.generation);
        expect(await roster.renew(former)).toBe("lost");
        expect(await roster.assert(former, [here(ada, "busy")])).toBe("lost");
        await roster.close(former);
        expect(await roster.assert(lease, [here(bob)])).toBe("asserted");
        await roster.renew(lease);
        await elapse(graceMs);
        await roster.sweep();
        expect((await statuses()).slice(0, 3)).toEqual(["online", "online", "offline"]);
      });

      test("has a higher generation also after the former one was closed or reaped", async () => {
        const { roster, elapse, leaseMs } = await opened();
        const first = await roster.open(g1);
        await roster.close(first);
        const second = await roster.open(g1);
        await elapse(leaseMs);
        await roster.sweep();
        const third = await roster.open(g1);
        expect(second.generation).toBeGreaterThan(first.generation);
        expect(third.generation).toBeGreaterThan(second.generation);
      });

      test("of one gateway says nothing about another's users", async () => {
        const { roster, elapse, graceMs, statuses } = await opened();
        await roster.assert(await roster.open(g1), [here(ada)]);
        const other = await roster.open(g2);
        await roster.assert(other, [gone(ada)]);
        await roster.close(other);
        await elapse(Math.min(graceMs, 1));
        await roster.sweep();
        expect(await statuses()).toEqual(["online"]);
      });
    });
  });
}
