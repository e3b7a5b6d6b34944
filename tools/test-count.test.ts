import { describe, expect, test } from "vitest";
import { countTests, type VitestReport } from "./test-count.ts";

const report = (change: Partial<VitestReport> = {}): VitestReport => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  testResults: [],
  ...change,
});

describe("counting a run", () => {
  test("takes the numbers of the report", () => {
    expect(countTests(report({ numFailedTests: 2, numPendingTests: 1 }), 1)).toEqual({
      passed: 3,
      failed: 2,
      skipped: 1,
    });
  });

  test("counts a file that did not load as a failure", () => {
    const testResults = [{ status: "failed", assertionResults: [] }];
    expect(countTests(report({ testResults }), 1).failed).toBe(1);
  });

  test("does not count a file twice that has failed tests", () => {
    const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
    expect(countTests(report({ numFailedTests: 1, testResults }), 1).failed).toBe(1);
  });

  test.each([
    ["no report", undefined, 0],
    ["no test at all", report({ numPassedTests: 0 }), 0],
    ["a bad end after good tests", report(), 1],
    ["an end by a signal", report(), undefined],
  ])("takes %s for a failure", (_kind, found, exitCode) => {
    expect(countTests(found, exitCode).failed).toBe(1);
  });
});
