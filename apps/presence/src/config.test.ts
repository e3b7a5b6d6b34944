import { expect, test } from "vitest";
import { readPresenceConfig } from "./config.ts";

test("sweeps every second unless told otherwise", () => {
  expect(readPresenceConfig({}, [])).toEqual({ sweepMs: 1_000 });
  expect(readPresenceConfig({ PARLEY_PRESENCE_SWEEP_MS: "500" }, [])).toEqual({ sweepMs: 500 });
});

test("refuses an interval that would overrun the store, and unknown variables", () => {
  const env = { PARLEY_PRESENCE_SWEEP_MS: "5", PARLEY_PORT: "1" };
  expect(() => readPresenceConfig(env, ["PARLEY_PORT"])).toThrow(/^1 fault.*\n.*from 100 to 60000 *$/);
  expect(() => readPresenceConfig(env, [])).toThrow(/^2 fault/);
});
