import { expect } from '@jest/globals';

import { Refusal } from './model-books.js';
import type { ModelPayout } from './model-money.js';
import { readPayouts } from './read-books.js';
import { actor, type Stage } from './stage.js';
import type { StepOf } from './step.js';

/** Reserves all that is payable, on several replicas at once. */
export async function pay(stage: Stage, replicas: number): Promise<void> {
  const { paused } = stage.model.money;
  const runs = stage.replicas.slice(0, replicas).map(({ payouts }) => payouts.runNow());
  const outcomes = await Promise.allSettled(runs);
  const refused = outcomes.filter(({ status }) => status === 'rejected').length;
  expect(refused).toBe(paused ? replicas : 0);
  await expectNewPayouts(stage, !paused);
}

/** The settler's own turn: reserves when its interval has passed since payouts were made last. */
export async function settle(stage: Stage): Promise<void> {
  const { money, options, nowMs } = stage.model;
  await stage.real.settler.tick();
  const due = money.lastPayoutMs + options.settleIntervalSeconds * 1_000 <= nowMs;
  await expectNewPayouts(stage, due && !money.paused);
}

async function expectNewPayouts(stage: Stage, expected: boolean): Promise<void> {
  const { money, nowMs } = stage.model;
  const known = new Set(money.payouts.map(({ id }) => id));
  const made = (await readPayouts(stage.real)).filter(({ id }) => !known.has(id));
  const due = expected ? money.due(stage.ids, (id) => stage.model.isLeaving(id)) : [];
  expect(made).toHaveLength(due.length);
  expect(new Map(made.map(({ id: _id, ...payout }) => [payout.orchestratorId, payout]))).toEqual(
    new Map(due.map((payout) => [payout.orchestratorId, payout])),
  );
  for (const payout of made) money.reserve(payout, nowMs);
}

/** From which states a person may do this. */
const from: Record<'release' | 'cancel' | 'mark paid', ModelPayout['status'][]> = {
  release: ['held'],
  cancel: ['held', 'reserved'],
  'mark paid': ['reserved'],
};

export async function changePayout(
  stage: Stage,
  step: StepOf<'release' | 'cancel' | 'mark paid'>,
): Promise<void> {
  const { money, nowMs } = stage.model;
  const payout = money.payouts[step.which % Math.max(1, money.payouts.length)];
  if (!payout) return;
  const { payouts } = stage.real;
  await stage.both(
    () => {
      if (!from[step.do].includes(payout.status)) throw new Refusal();
      if (step.do === 'cancel') money.giveBack(payout, nowMs);
      else payout.status = step.do === 'release' ? 'reserved' : 'paid';
    },
    () => {
      if (step.do === 'release') return payouts.release(payout.id, actor);
      return step.do === 'cancel'
        ? payouts.cancel(payout.id, actor)
        : payouts.markPaid(payout.id, 'bank transfer 1', actor);
    },
  );
}

/** A correction, posted by several replicas at once when it has a key. */
export async function adjust(stage: Stage, step: StepOf<'adjust'>): Promise<void> {
  const orchestratorId = stage.idOf(step.who);
  const { amountMicroUsd, key } = step;
  const input = { orchestratorId, amountMicroUsd, reason: 'a correction', idempotencyKey: key ?? undefined };
  const replicas = stage.replicas.slice(0, key === null ? 1 : 3);
  await stage.both(
    () => {
      stage.model.adjust(orchestratorId, amountMicroUsd, key);
    },
    async () => {
      const outcomes = await Promise.allSettled(
        replicas.map(({ adjustments }) => adjustments.post(input, actor)),
      );
      const refused = outcomes.find((outcome) => outcome.status === 'rejected');
      if (refused) throw refused.reason;
    },
  );
}

/** Every line that the model knows of, in its order, and any part of it, with what was before. */
export async function expectStatements(stage: Stage): Promise<void> {
  const { model, real } = stage;
  for (const id of stage.ids) {
    const lines = model.money.statement(id);
    const middleMs = lines[Math.floor(lines.length / 2)]?.atMs ?? model.nowMs - 1;
    const wholeFromMs = Math.min(model.nowMs - 1, lines[0]?.atMs ?? Infinity);
    for (const [fromMs, toMs] of [
      [wholeFromMs, model.nowMs + 1],
      [middleMs, model.nowMs + 1],
      [wholeFromMs - 1, middleMs],
    ] as const) {
      const inside = lines.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
      const before = lines.filter(({ atMs }) => atMs < fromMs).at(-1)?.balanceMicroUsd ?? 0n;
      const statement = await real.statements.read(id, { from: new Date(fromMs), to: new Date(toMs) });
      expect(statement.openingMicroUsd).toBe(before);
      expect(statement.closingMicroUsd).toBe(inside.at(-1)?.balanceMicroUsd ?? before);
      expect(
        statement.lines.map(({ at, kind, periodStart, payoutId, amountMicroUsd, balanceMicroUsd }) => ({
          ...{ kind, payoutId, amountMicroUsd, balanceMicroUsd, atMs: at.getTime() },
          periodMs: periodStart?.getTime() ?? null,
        })),
      ).toEqual(inside.map((line) => ({ ...line, periodMs: line.kind === 'accrual' ? line.atMs : null })));
    }
  }
}
