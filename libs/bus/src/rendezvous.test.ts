import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rank } from "./rendezvous.ts";

const instances = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 8 });
const partitions = Array.from({ length: 64 }, (_, index) => index);

describe("the rank of instances for a partition", () => {
  test("names each of them once, in the same order however they are listed", () => {
    fc.assert(
      fc.property(instances, fc.nat(255), (names, partition) => {
        const ranked = rank(names, partition);
        expect([...ranked].sort()).toEqual([...names].sort());
        expect(rank(names.toReversed(), partition)).toEqual(ranked);
      }),
    );
  });

  test("stays what it was among the others when one goes", () => {
    fc.assert(
      fc.property(instances, fc.nat(255), (names, partition) => {
        const [gone, ...others] = names;
        expect(rank(others, partition)).toEqual(rank(names, partition).filter((name) => name !== gone));
      }),
    );
  });

  test("shares 64 partitions fairly, also among names that differ in their last letter", () => {
    for (const count of [2, 3, 4, 8]) {
      const names = Array.from({ length: count }, (_, index) => `history-${index}`);
      const shares = names.map((name) => partitions.filter((each) => rank(names, each)[0] === name).length);
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(Math.floor(64 / count / 3));
    }
  });
});
