import { mustParse, parseNodeId, parseUserId } from "@parley/protocol";
import type { Roster } from "@parley/roster";
import { MemoryRoster } from "@parley/roster/memory";
import { createTelemetry } from "@parley/telemetry";
import { FakeClock, settle } from "@parley/testing";
import { describe, expect, test } from "vitest";
import { startPresence } from "./service.ts";

const config = { sweepMs: 1_000 };
const middle = 0.5;

interface Surroundings {
  readonly roster?: Partial<Roster>;
  readonly random?: () => number;
}

async function started({ roster = {}, random = () => middle }: Surroundings) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: "presence",
    level: "info",
    destination: { write: (line) => lines.push(line) },
  });
  const memory = new MemoryRoster({ nowMs: clock.nowMs, leaseMs: 15_000, graceMs: 25_000 });
  const service = await startPresence(config, {
    roster: Object.assign(memory, roster),
    telemetry,
    clock,
    random,
  });
  const metric = async (line: string) => (await telemetry.metricsText()).body.includes(line);
  return { clock, lines, memory, metric, service, [Symbol.dispose]: () => telemetry[Symbol.dispose]() };
}

describe("the presence service", () => {
  test("publishes who went offline after a gateway died, and counts it", async () => {
    using presence = await started({});
    const { clock, memory, metric, lines } = presence;
    await using _service = presence.service;
    const published: string[] = [];
    await memory.subscribe((views) => published.push(...views.map(({ status }) => status)));
    const lease = await memory.open(mustParse(parseNodeId, "g1"));
    const user = mustParse(parseUserId, "ada");
    await memory.assert(lease, [{ user, sockets: 1, status: undefined, text: undefined }]);
    await clock.advance(15_000 + 25_000 + config.sweepMs);
    expect(published).toEqual(["online", "offline"]);
    expect(await metric("parley_presence_offline_total 1")).toBe(true);
    expect(await metric("parley_presence_leases_reaped_total 1")).toBe(true);
    expect(lines.filter((line) => line.includes("reaped"))).toHaveLength(1);
  });

  test("goes on after a sweep that failed", async () => {
    let sweeps = 0;
    const sweep = async () => {
      sweeps += 1;
      if (sweeps === 1) throw new Error("the store is away");
      return { leasesReaped: 0, wentOffline: 0 };
    };
    using presence = await started({ roster: { sweep } });
    await using _service = presence.service;
    await presence.clock.advance(2 * config.sweepMs);
    expect(sweeps).toBe(2);
    expect(presence.lines.join("")).toContain("the store is away");
    expect(await presence.metric('parley_presence_sweeps_total{result="failed"} 1')).toBe(true);
  });

  test("spreads its sweeps around the interval", async () => {
    const randoms = [0, 0.999];
    let sweeps = 0;
    const sweep = async () => {
      sweeps += 1;
      return { leasesReaped: 0, wentOffline: 0 };
    };
    using presence = await started({ roster: { sweep }, random: () => randoms.shift() ?? middle });
    await using _service = presence.service;
    await presence.clock.advance(749);
    expect(sweeps).toBe(0);
    await presence.clock.advance(1);
    expect(sweeps).toBe(1);
    await presence.clock.advance(1_249);
    expect(sweeps).toBe(1);
    await presence.clock.advance(1);
    expect(sweeps).toBe(2);
  });

  test("never sweeps twice at once, and closing waits for the sweep that runs", async () => {
    const gate = Promise.withResolvers<void>();
    let running = 0;
    const sweep = async () => {
      running += 1;
      await gate.promise;
      return { leasesReaped: 0, wentOffline: 0 };
    };
    using presence = await started({ roster: { sweep } });
    await presence.clock.advance(10 * config.sweepMs);
    expect(running).toBe(1);
    let isClosed = false;
    const closing = presence.service[Symbol.asyncDispose]().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).toBe(false);
    gate.resolve();
    await closing;
    expect(presence.clock.pending).toBe(0);
  });
});
