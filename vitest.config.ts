import { defineConfig } from "vitest/config";

/** A unit test has a fake clock; the limit only catches one that hangs. */
const unitTimeoutMs = 30_000;
/** Suites of real processes wait for real start-ups and real elections. */
const suiteTimeoutMs = 300_000;

const suite = (name: string, include: string[], timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ["**/node_modules/**", "**/fixtures/**"],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      suite("unit", ["{libs,apps,tools}/**/*.test.ts"], unitTimeoutMs),
      suite("e2e", ["e2e/**/*.test.ts"], suiteTimeoutMs),
      suite("kills", ["e2e/**/*.kills.ts"], suiteTimeoutMs),
      suite("foreign", ["e2e/**/*.foreign.ts"], suiteTimeoutMs),
    ],
  },
});
