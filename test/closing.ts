/** The last lines of a test run, made from jest's own results: what was skipped and why, then how many passed and failed. */

/** The part of jest's JSON results we read. */
export type Results = {
  numPassedTests: number;
  numFailedTests: number;
  /** Suites that did not load; none of their tests is counted anywhere. */
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: { status: string; ancestorTitles: string[] }[] }[];
};

/** How often each reason of test/needs.ts was given. Tests left out by `-t` have none. */
function skipped(results: Results): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status, ancestorTitles } of results.testResults.flatMap((suite) => suite.assertionResults)) {
    const reason = ancestorTitles.find((title) => title.startsWith('needs '));
    if (status === 'pending' && reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

/**
 * The closing lines and whether the run was good. `null`: jest ended without results, which counts as one failure. A suite
 * that does not load counts as one too; a run without a single test is no good.
 */
export function closing(results: Results | null): { lines: string[]; isGood: boolean } {
  if (results === null) return { lines: ['jest ended without results', 'tests: 0 passed, 1 failed'], isGood: false };
  const passed = results.numPassedTests;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const lines = [...skipped(results)].map(([reason, count]) => `skipped ${count}: ${reason}`);
  return { lines: [...lines, `tests: ${passed} passed, ${failed} failed`], isGood: failed === 0 && passed > 0 };
}
