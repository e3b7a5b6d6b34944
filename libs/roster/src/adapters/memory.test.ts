import { mustParse, parseNodeId, parseUserId, type UserId } from "@parley/protocol";
import { FakeClock } from "@parley/testing";
import { describe, expect, test } from "vitest";
import { rosterContract } from "../contract.ts";
import { MemoryRoster } from "./memory.ts";

const leaseMs = 15_000;
const graceMs = 25_000;
const gateway = mustParse(parseNodeId, "g1");
const user = (name: string): UserId => mustParse(parseUserId, name);

rosterContract("MemoryRoster", async () => {
  const clock = new FakeClock();
  const roster = new MemoryRoster({ nowMs: clock.nowMs, leaseMs, graceMs });
  return {
    leaseMs,
    graceMs,
    participant: async () => roster,
    elapse: async (durationMs) => clock.advance(durationMs),
    delivered: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
});

describe("the roster in memory", () => {
  test("forgets who went offline first beyond its bound, and their version still rises", async () => {
    const clock = new FakeClock();
    const roster = new MemoryRoster({ nowMs: clock.nowMs, leaseMs, graceMs, offlineUsersMax: 1 });
    const versions: number[] = [];
    await roster.subscribe((views) =>
      versions.push(...views.filter((view) => view.user === "ada").map(({ version }) => version)),
    );
    const visit = async (name: string) => {
      const lease = await roster.open(gateway);
      await roster.assert(lease, [{ user: user(name), sockets: 1, status: undefined, text: undefined }]);
      await roster.close(lease);
      await clock.advance(graceMs);
      await roster.sweep();
    };
    await visit("ada");
    await visit("bob");
    expect(await roster.look([user("ada")])).toEqual([{ user: "ada", status: "offline", version: 0 }]);
    await visit("ada");
    expect(versions).toHaveLength(4);
    expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
  });

  test("publishes to the others when one subscriber throws, and reports it", async () => {
    const faults: unknown[] = [];
    const roster = new MemoryRoster({ onFault: (error) => faults.push(error) });
    let heard = 0;
    await roster.subscribe(() => {
      throw new Error("a bug");
    });
    await roster.subscribe(() => {
      heard += 1;
    });
    const lease = await roster.open(gateway);
    await roster.assert(lease, [{ user: user("ada"), sockets: 1, status: undefined, text: undefined }]);
    expect(heard).toBe(1);
    expect(faults).toEqual([new Error("a bug")]);
  });
});
