import { report, SeededRandom, testSeed } from "@parley/testing";
import { expect, test } from "vitest";
import { headDeadlineMs, runKills } from "./src/kill-scenario.ts";
import { figure, summary } from "./src/world.ts";

test("fifty kills under load lose no acknowledged change and apply none twice", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  const { violations, figures } = await runKills(50, random);
  figure(
    `${figures.acknowledged} acknowledged, ${figures.events} events, ${figures.askedAgain} asked again; ready ${summary(figures.restartMs)}, first answer ${summary(figures.firstAnswerMs)}, all at the head after ${figures.settledMs.toFixed(0)} ms`,
  );
  expect(report(violations)).toBe("");
  expect(figures.acknowledged).toBeGreaterThan(500);
  expect(figures.settledMs).toBeLessThan(headDeadlineMs);
});
