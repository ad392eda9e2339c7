import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pathToFileURL } from 'node:url';
import { BooksPrograms } from '../../scripts/rehearse/books-programs.js';
import { rehearseUpgrade } from '../../scripts/rehearse/upgrade.js';
import { repository } from './support/compose-file.js';
import { ProcessStack } from './support/process-stack.js';

/** With images of an older version, on an Engine: `npm run rehearse:upgrade`. */
const periodSeconds = 2;

describe('an upgrade under load', () => {
  let stack: ProcessStack;

  beforeAll(async () => {
    stack = await ProcessStack.start(periodSeconds);
  }, 120_000);
  afterAll(async () => {
    await stack.close();
  }, 60_000);

  it('loses no period and books nothing twice; the books restored elsewhere reconcile and go on', async () => {
    const report = await rehearseUpgrade({
      ...{ stack, periodSeconds, periodsEachSide: 1, say: () => undefined },
      programs: new BooksPrograms(pathToFileURL(`${repository}dist/scripts/`)),
    });
    expect(report.wrong).toEqual([]);
    // Two outages of three periods, and everything else on air.
    expect(report.upgraded.unpaid).toBeGreaterThanOrEqual(4);
    expect(report.upgraded.paid).toBeGreaterThan(report.upgraded.unpaid);
    expect(report.restored.expected).toBeGreaterThan(report.upgraded.expected);
    expect(report.paidMicroUsd).toBeGreaterThan(0n);
    expect(report.load.writes).toBeGreaterThan(0);
  }, 240_000);
});
