import { report, SeededRandom, testSeed, unchecked } from "@parley/testing";
import { expect, test } from "vitest";
import { headDeadlineMs, killFigures, runKills } from "./src/kill-scenario.ts";
import { figure } from "./src/world.ts";

test("fifty kills under load lose no acknowledged change and apply none twice", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  const run = await runKills(50, random);
  const { violations, evidence, figures } = run;
  for (const line of killFigures(run)) figure(line);
  expect(report(violations)).toBe("");
  // Nobody is removed here: `removal.test.ts` does that.
  expect(unchecked(evidence)).toEqual(["I7"]);
  expect(figures.acknowledged).toBeGreaterThan(500);
  expect(Math.min(...figures.openAtKills)).toBeGreaterThan(0);
  expect(figures.retried).toBeGreaterThan(50);
  expect([figures.openAtEnd, figures.resets]).toEqual([0, 0]);
  expect(figures.settledMs).toBeLessThan(headDeadlineMs);
});
