import { expect } from '@jest/globals';

import { ConflictError } from '../../src/books/errors.js';
import { verifyBooks } from '../../src/verification/verify-books.js';
import { assess, expectAssessments } from './play-assessments.js';
import { adjust, changePayout, expectStatements, pay, settle } from './play-money.js';
import {
  changeOrchestrator,
  changePolicy,
  changeRate,
  create,
  createFromEnvironment,
  ensureEnvironment,
  expectOrchestrators,
} from './play-orchestrators.js';
import { readBalances, readPayouts, repostEverything } from './read-books.js';
import { findBreaches } from './sound-books.js';
import { actor, type Stage } from './stage.js';
import type { Step } from './step.js';

/** Enough for any history, few enough to be quick. */
const MOST_ORCHESTRATORS = 5;

/** One step on the real books and on the model; after it every balance is what the model says. */
export async function play(stage: Stage, step: Step): Promise<void> {
  await perform(stage, step);
  const { model, ids, real } = stage;
  const balances = await readBalances(real);
  expect(balances).toEqual(new Map(ids.map((id) => [id, model.money.balance(id)])));
  for (const balance of balances.values()) {
    expect(balance.accruedMicroUsd + balance.adjustedMicroUsd).toBe(
      balance.payableMicroUsd + balance.inSettlementMicroUsd + balance.paidMicroUsd,
    );
  }
}

/** Everything that anybody can read of the books is what the model says, the tables are sound and `ledger:verify` agrees. */
export async function expectEverything(stage: Stage): Promise<void> {
  await expectOrchestrators(stage);
  await expectAssessments(stage);
  await expectStatements(stage);
  const payouts = await readPayouts(stage.real);
  expect(new Map(payouts.map((payout) => [payout.id, payout]))).toEqual(
    new Map(stage.model.money.payouts.map((payout) => [payout.id, payout])),
  );
  expect(await findBreaches(stage.books.owner)).toEqual({});
  while (await stage.real.sealing.sealNext());
  const { checks, unsealedRows } = await stage.books.owner.transaction('REPEATABLE READ', (tx) =>
    verifyBooks(tx),
  );
  expect(checks.flatMap(({ findings }) => findings)).toEqual([]);
  expect(unsealedRows).toBe(0n);
}

async function perform(stage: Stage, step: Step): Promise<void> {
  switch (step.do) {
    case 'create':
      if (stage.ids.length < MOST_ORCHESTRATORS) await create(stage, step);
      return;
    case 'create from the environment':
      if (stage.ids.length < MOST_ORCHESTRATORS) await createFromEnvironment(stage, step);
      return;
    case 'set status':
    case 'archive':
    case 'rotate the key':
    case 'accept the worker':
    case 'mood':
      return changeOrchestrator(stage, step);
    case 'set rate':
      return changeRate(stage, step);
    case 'set policy':
      return changePolicy(stage, step);
    case 'wait':
      return stage.wait(step.periods * stage.model.periodMs + step.ms);
    case 'assess':
      return assess(stage, step.replicas);
    case 'pay':
      return pay(stage, step.replicas);
    case 'settle':
      return settle(stage);
    case 'pause payouts':
      stage.model.money.paused = true;
      return stage.real.payouts.pause('a test', actor);
    case 'resume payouts':
      stage.model.money.paused = false;
      return stage.real.payouts.resume(actor);
    case 'release':
    case 'cancel':
    case 'mark paid':
      return changePayout(stage, step);
    case 'adjust':
      return adjust(stage, step);
    case 'seal':
      await Promise.all(stage.replicas.slice(0, 2).map(({ sealing }) => sealing.sealNext()));
      return;
    case 'replay':
      return replay(stage);
  }
}

/** Everything that has happened, asked for once more. */
async function replay(stage: Stage): Promise<void> {
  const { model, real } = stage;
  await ensureEnvironment(stage);
  await real.books.open();
  expect(await repostEverything(stage.books.owner)).toMatchObject({ created: 0 });
  for (const { key, ...adjustment } of model.keyedAdjustments()) {
    const input = { ...adjustment, reason: 'a correction', idempotencyKey: key };
    expect(await real.adjustments.post(input, actor)).toMatchObject({ created: false });
  }
  for (const { id, status } of model.money.payouts) {
    if (status !== 'paid') continue;
    await expect(real.payouts.markPaid(id, 'again', actor)).rejects.toBeInstanceOf(ConflictError);
  }
  await assess(stage, 2);
  await assess(stage, 1);
}
