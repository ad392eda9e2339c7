/**
 * Prints `N passed, N failed, N skipped` as the very last line. It is written on process exit, so that
 * it also follows Jest's own summary and a test file that called `process.exit`.
 */
export default class OneLineReporter {
  onRunStart() {
    this.line = '0 passed, 1 failed, 0 skipped (the run was cut off)';
    process.once('exit', () => process.stdout.write(`${this.line}\n`));
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    this.line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
  }
}
