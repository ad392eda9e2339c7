import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ModelOptions } from '../../testing/model/model-books.js';
import { assessInPeace, expectAllDecided } from '../../testing/model/play-assessments.js';
import { create } from '../../testing/model/play-orchestrators.js';
import { expectEverything } from '../../testing/model/play.js';
import { readBalances } from '../../testing/model/read-books.js';
import { askEach } from '../../testing/model/scripted-worker.js';
import { Stage } from '../../testing/model/stage.js';
import { openTestBooks } from '../../testing/test-books.js';
import type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from './evidence-source.js';

/** `ORDER_RUNS=100` plays more of them by hand; a failing one prints its seed. */
const RUNS = Number(process.env.ORDER_RUNS ?? 4);
const services = ['autogen_agent', 'redis_scb'];
const options: ModelOptions = {
  periodSeconds: 144,
  graceSeconds: 86_400,
  maxRateMicroUsd: 100_000_000n,
  rateMicroUsd: 9_999_999n,
  thresholdBp: 9_500,
  aggregation: 'mean',
  required: services,
  minPayoutMicroUsd: 1n,
  maxPayoutMicroUsd: 10n ** 12n,
  settleIntervalSeconds: 0,
};

/** Lets answers go in an order of the test's own, few or many at once. */
class HeldAnswers implements EvidenceSource {
  private readonly held: (() => void)[] = [];

  constructor(private readonly source: EvidenceSource) {}

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    await new Promise<void>((resolve) => this.held.push(resolve));
    return this.source.fetch(request);
  }

  letGo(next: (bound: number) => number): void {
    for (let count = next(this.held.length + 1); count > 0; count -= 1) {
      this.held.splice(next(this.held.length), 1)[0]?.();
    }
  }
}

describe('decisions', () => {
  /** All replicas hold reports, of the same periods too, since leases run out under them, and write them in any order. */
  async function assessInAnyOrder(stage: Stage, next: (bound: number) => number): Promise<void> {
    const answers = new HeldAnswers(askEach(stage.workers));
    const open = new Set<Promise<unknown>>();
    const begin = (): void => {
      const { assessor } = stage.replicas[next(stage.replicas.length)] ?? stage.real;
      const turn: Promise<unknown> = assessor.assessDue(answers).finally(() => open.delete(turn));
      open.add(turn);
    };
    let begins = 6;
    begin();
    while (open.size > 0) {
      answers.letGo(next);
      if (begins > 0 && next(4) === 0) {
        begins -= 1;
        await stage.books.owner.query(
          `update payments.pending_assessment set next_attempt_at = '2026-01-01'`,
        );
        begin();
      }
      await new Promise(setImmediate);
    }
  }

  it(
    'are the same books in whatever order, in whatever batches and however often they are written',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(1, 2, 4),
          fc.integer({ min: 1, max: 12 }),
          fc.infiniteStream(fc.nat()),
          async (replicas, periods, numbers) => {
            const books = await openTestBooks();
            try {
              const startMs = Date.UTC(2026, 10, 22, 12, 50);
              const stage = await Stage.open(books, options, { startMs, replicas });
              for (let made = 0; made < 12; made += 1)
                await create(stage, { do: 'create', reports: services });
              await stage.wait(periods * options.periodSeconds * 1_000 + 1);
              await assessInAnyOrder(stage, (bound) => Number(numbers.next().value) % bound);
              await assessInPeace(stage);
              await expectAllDecided(stage);
              await expectEverything(stage);
              const { ids, model, real } = stage;
              const expected = ids.map((id) => [id, model.money.balance(id)] as const);
              expect(await readBalances(real)).toEqual(new Map(expected));
            } finally {
              await books.close();
            }
          },
        ),
        { numRuns: RUNS },
      );
    },
    120_000 + RUNS * 60_000,
  );
});
