import { report, SeededRandom, testSeed, unchecked } from "@parley/testing";
import { expect, test } from "vitest";
import { runChurn } from "./src/churn-scenario.ts";
import { headDeadlineMs } from "./src/kill-scenario.ts";
import { figure } from "./src/world.ts";

const seconds = 10;

test("twenty clients that lose their connections all the time end with one history and one count", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  const { violations, evidence, histories, figures } = await runChurn(seconds * 1_000, random);
  figure(JSON.stringify(figures));
  figure(`checked on ${JSON.stringify(evidence)}`);
  expect(report(violations)).toBe("");
  // Nobody is removed, and the server lives on: `removal.test.ts` and the kills do that.
  expect(unchecked(evidence)).toEqual(["I7", "I13"]);
  expect(histories.map((distinct) => distinct.length)).toEqual([1, 1, 1, 1, 1]);
  expect(figures.reconnects).toBeGreaterThan(seconds);
  expect(figures.openAtEnd).toBe(0);
  expect(figures.settledMs).toBeLessThan(headDeadlineMs);
});
