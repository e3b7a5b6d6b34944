import { uuidV7TimeMs } from "@parley/protocol";
import { expect, test } from "vitest";
import { ServerClock } from "./server-clock.ts";
import { FakeClock } from "./testing/fake-clock.ts";

test("a key carries the server's time once it is known, and never the device's own", () => {
  const clock = new FakeClock(Date.UTC(2099, 0, 1));
  const serverClock = new ServerClock(clock);
  const early = serverClock.newKey();
  expect([uuidV7TimeMs(early), serverClock.newKey() === early]).toEqual([0, false]);
  serverClock.correct("no time");
  expect(uuidV7TimeMs(serverClock.newKey())).toBe(0);
  serverClock.correct("2026-01-01T00:00:00.000Z");
  expect(uuidV7TimeMs(serverClock.newKey())).toBe(Date.UTC(2026, 0, 1));
});
