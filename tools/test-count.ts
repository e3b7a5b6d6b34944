export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted here. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts what a run did. What has no failed test of its own and still is a failure counts as one: a file that does not
 * load or whose set-up fails, a run that ends badly for another reason, a run without any test, a run without a report.
 */
export function countTests(report: VitestReport | undefined, exitCode: number | undefined): Count {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  const { numPassedTests: passed, numPendingTests: skipped } = report;
  const failed = report.numFailedTests + brokenFiles;
  const bad = exitCode !== 0 || passed === 0;
  return { passed, failed: failed === 0 && bad ? 1 : failed, skipped };
}
