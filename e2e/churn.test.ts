import { report, SeededRandom, testSeed } from "@parley/testing";
import { expect, test } from "vitest";
import { runChurn } from "./src/churn-scenario.ts";
import { headDeadlineMs } from "./src/kill-scenario.ts";
import { figure } from "./src/world.ts";

const seconds = 10;

test("twenty clients that lose their connections all the time end with one history and one count", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  const { violations, histories, figures } = await runChurn(seconds * 1_000, random);
  figure(JSON.stringify(figures));
  expect(report(violations)).toBe("");
  expect(histories.map((distinct) => distinct.length)).toEqual([1, 1, 1, 1, 1]);
  expect(figures.reconnects).toBeGreaterThan(seconds);
  expect(figures.settledMs).toBeLessThan(headDeadlineMs);
});
