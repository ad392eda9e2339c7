import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import fc from 'fast-check';

import type { ModelOptions } from '../../testing/model/model-books.js';
import { assessInPeace, expectAllDecided } from '../../testing/model/play-assessments.js';
import { create } from '../../testing/model/play-orchestrators.js';
import { expectEverything } from '../../testing/model/play.js';
import { Stage } from '../../testing/model/stage.js';
import { openTestBooks } from '../../testing/test-books.js';

/** `KILL_RUNS=20` plays more of them by hand; a failing one prints its seed. */
const RUNS = Number(process.env.KILL_RUNS ?? 1);
/** Longer than any lease. */
const LEASES_OVER_MS = 240_000;
const services = ['autogen_agent', 'redis_scb'];
/** As `testBooksOptions`, which the processes use. */
const options: ModelOptions = {
  periodSeconds: 60,
  graceSeconds: 86_400,
  maxRateMicroUsd: 100_000_000n,
  rateMicroUsd: 10_000_000n,
  thresholdBp: 9_500,
  aggregation: 'mean',
  required: services,
  minPayoutMicroUsd: 1n,
  maxPayoutMicroUsd: 10n ** 12n,
  settleIntervalSeconds: 0,
};

/** Starts a process on the books and kills it, without a chance to clean up, when it has taken so many steps. */
async function killAfter(steps: number, url: string): Promise<void> {
  const program = 'dist/libs/payments/testing/model/assessing-process.js';
  const child = spawn(process.execPath, [program, url, services.join()], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let taken = 0;
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => {
    taken += chunk.toString().split('\n').length - 1;
    if (taken >= steps) child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const signal = await new Promise((resolve) => {
    child.on('close', (_code, by) => {
      resolve(by);
    });
  });
  expect({ signal, complaints }).toMatchObject({ signal: 'SIGKILL' });
}

describe('processes that are killed while they assess', () => {
  it(
    'leave whole decisions or none, and the next ones decide the rest once',
    async () => {
      const killings = fc.array(fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 2 }), {
        minLength: 2,
        maxLength: 3,
      });
      await fc.assert(
        fc.asyncProperty(killings, async (rounds) => {
          const books = await openTestBooks();
          try {
            const startMs = Date.UTC(2026, 10, 22, 12, 58, 30);
            const stage = await Stage.open(books, options, { startMs, replicas: 2 });
            for (let made = 0; made < 10; made += 1) await create(stage, { do: 'create', reports: services });
            for (const together of rounds) {
              await stage.wait(LEASES_OVER_MS);
              await Promise.all(together.map((steps) => killAfter(steps, books.url)));
            }
            await assessInPeace(stage);
            await expectAllDecided(stage);
            await expectEverything(stage);
          } finally {
            await books.close();
          }
        }),
        { numRuns: RUNS },
      );
    },
    120_000 + RUNS * 60_000,
  );
});
