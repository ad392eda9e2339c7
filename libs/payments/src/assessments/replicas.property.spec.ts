import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ModelOptions } from '../../testing/model/model-books.js';
import { assessInPeace, expectAllDecided } from '../../testing/model/play-assessments.js';
import { expectEverything } from '../../testing/model/play.js';
import { create } from '../../testing/model/play-orchestrators.js';
import { readBalances, readPayouts } from '../../testing/model/read-books.js';
import { askEach } from '../../testing/model/scripted-worker.js';
import { actor, type Replica, Stage } from '../../testing/model/stage.js';
import { Terminator } from '../../testing/model/terminator.js';
import { openTestBooks } from '../../testing/test-books.js';

/** `CHAOS_RUNS=50` plays more of them by hand, `CHAOS_MOST=500` ends more connections in each; a failing one prints its seed. */
const RUNS = Number(process.env.CHAOS_RUNS ?? 1);
const MOST_ENDED = Number(process.env.CHAOS_MOST ?? 30);
const ORCHESTRATORS = 60;
const PERIODS = 4;
/** Longer than any lease. */
const LEASES_OVER_MS = 240_000;

const services = ['autogen_agent', 'redis_scb'];
const options: ModelOptions = {
  periodSeconds: 60,
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

interface Scene {
  stage: Stage;
  ending: Terminator;
}

describe('replicas whose connections are ended at any moment', () => {
  const choices = [
    fc.constantFrom(2, 4),
    fc.integer({ min: 5, max: 60 }),
    fc.infiniteStream(fc.nat()),
  ] as const;

  /** Opens books on so many replicas, with payees; `play` begins and stops the trouble. */
  async function onScene(
    replicas: number,
    longestPause: number,
    numbers: Iterator<number>,
    play: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    const books = await openTestBooks();
    const choose = (bound: number): number => Number(numbers.next().value) % bound;
    const ending = await Terminator.open(books.url, { choose, longestPause, most: MOST_ENDED });
    try {
      const stage = await Stage.open(books, options, {
        ...{ startMs: Date.UTC(2026, 10, 22, 12, 58, 30), replicas },
        watch: (database) => ending.watch(database),
      });
      for (let made = 0; made < ORCHESTRATORS; made += 1) {
        await create(stage, { do: 'create', reports: services });
      }
      await play({ stage, ending });
      expect(ending.ended).toBeGreaterThan(0);
      await expectBalances(stage);
      await expectEverything(stage);
    } finally {
      await ending.close();
      await books.close();
    }
  }

  /** On all replicas at once; whoever loses its connection fails, and nobody minds. */
  const onAll = async ({ replicas }: Stage, work: (replica: Replica) => Promise<unknown>): Promise<void> => {
    await Promise.allSettled(replicas.map(work));
  };

  async function assessInTrouble({ stage, ending }: Scene): Promise<void> {
    const source = ending.watchSource(askEach(stage.workers));
    ending.begin();
    for (let period = 0; period < PERIODS; period += 1) {
      await stage.wait(options.periodSeconds * 1_000);
      await onAll(stage, async ({ assessor, sealing }) =>
        Promise.allSettled([assessor.assessDue(source), sealing.sealNext()]),
      );
      // What a dead one had claimed is taken over while others still die.
      if (period === 1) await stage.wait(LEASES_OVER_MS);
      await onAll(stage, ({ assessor }) => assessor.assessDue(source));
    }
    await ending.stop();
  }

  async function expectBalances({ real, ids, model }: Stage): Promise<void> {
    expect(await readBalances(real)).toEqual(new Map(ids.map((id) => [id, model.money.balance(id)])));
  }

  it(
    'decide every period exactly once, owe what the model says, and leave nothing half written',
    async () => {
      await fc.assert(
        fc.asyncProperty(...choices, (replicas, pause, numbers) =>
          onScene(replicas, pause, numbers, async ({ stage, ending }) => {
            await assessInTrouble({ stage, ending });
            await assessInPeace(stage);
            await expectAllDecided(stage);
          }),
        ),
        { numRuns: RUNS },
      );
    },
    120_000 + RUNS * 60_000,
  );

  it(
    'reserve each payable once and pay each payout once, whoever tries',
    async () => {
      await fc.assert(
        fc.asyncProperty(...choices, (replicas, pause, numbers) =>
          onScene(replicas, Math.ceil(pause / 5), numbers, async ({ stage, ending }) => {
            const { model, real } = stage;
            for (const [index, orchestratorId] of stage.ids.entries()) {
              const amountMicroUsd = 1_000_000n + BigInt(index);
              await real.adjustments.post({ orchestratorId, amountMicroUsd, reason: 'a correction' }, actor);
              model.adjust(orchestratorId, amountMicroUsd, null);
            }
            ending.begin();
            for (let turn = 0; turn < 5; turn += 1) await onAll(stage, ({ payouts }) => payouts.runNow());
            await ending.stop();
            await real.payouts.runNow();
            const due = model.money.due(stage.ids, () => false);
            const reserved = await readPayouts(real);
            expect(
              new Map(reserved.map(({ id: _id, ...payout }) => [payout.orchestratorId, payout])),
            ).toEqual(new Map(due.map((payout) => [payout.orchestratorId, payout])));
            expect(reserved).toHaveLength(due.length);

            ending.begin();
            for (const { id } of reserved) {
              await onAll(stage, ({ payouts }) => payouts.markPaid(id, 'bank transfer 1', actor));
            }
            await ending.stop();
            for (const { id } of reserved) {
              await onAll(stage, ({ payouts }) => payouts.markPaid(id, 'bank transfer 1', actor));
            }
            for (const payout of reserved) model.money.reserve({ ...payout, status: 'paid' }, model.nowMs);
          }),
        ),
        { numRuns: RUNS },
      );
    },
    120_000 + RUNS * 60_000,
  );
});
