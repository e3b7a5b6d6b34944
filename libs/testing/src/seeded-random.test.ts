import { describe, expect, test } from "vitest";
import { SeededRandom, testSeed } from "./seeded-random.ts";

const draws = (random: SeededRandom) => Array.from({ length: 20 }, () => random.between(1, 1_000_000));

describe("seeded randomness", () => {
  test("repeats itself with its seed, and not with another", () => {
    expect(draws(new SeededRandom(7))).toEqual(draws(new SeededRandom(7)));
    expect(draws(new SeededRandom(7))).not.toEqual(draws(new SeededRandom(8)));
  });

  test("reaches both ends of a range and nothing beyond", () => {
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.between(3, 6)));
    expect(seen).toEqual(new Set([3, 4, 5, 6]));
  });

  test("gives a fork a sequence of its own that its seed repeats", () => {
    const fork = () => new SeededRandom(7).fork();
    expect(draws(fork())).toEqual(draws(fork()));
    expect(draws(fork())).not.toEqual(draws(new SeededRandom(7)));
  });

  test("takes its seed from the environment, and refuses one that is none", () => {
    expect(testSeed({ PARLEY_TEST_SEED: "42" })).toBe(42);
    expect(() => testSeed({ PARLEY_TEST_SEED: "lucky" })).toThrow(TypeError);
  });
});
