import { expect } from '@jest/globals';

import type { AssessmentRecord } from '../../src/assessments/assessment.js';
import { decideDue } from '../decide-due.js';
import { readAssessments, readTriedInVain } from './read-books.js';
import { askEach } from './scripted-worker.js';
import type { Stage } from './stage.js';

/** Assesses on several replicas at once until nothing is decided any more. */
export async function assess(stage: Stage, replicas: number): Promise<void> {
  const source = askEach(stage.workers);
  for (;;) {
    const turns = stage.replicas.slice(0, replicas).map(({ assessor }) => decideDue(assessor, source));
    const decided = (await Promise.all(turns)).flat();
    for (const record of decided) expectDecision(stage, record);
    if (decided.length === 0) break;
  }
  const overdue = stage.model.afterAssessment(await readTriedInVain(stage.real));
  expect(overdue).toEqual([]);
}

function expectDecision({ model }: Stage, record: AssessmentRecord): void {
  const { orchestratorId, periodStart, decision, amountMicroUsd, upMs, windowMs, workerAddress } = record;
  const verdict = model.decide(record);
  const of = `${orchestratorId} ${periodStart.toISOString()}`;
  const terms = model.termsAt(model.find(orchestratorId), periodStart.getTime());
  expect({ of, decision, amountMicroUsd, upMs, windowMs, workerAddress }).toEqual({
    of,
    decision: verdict?.decision,
    amountMicroUsd: verdict?.amountMicroUsd,
    upMs: verdict?.share ? BigInt(verdict.share.upMs) : null,
    windowMs: verdict?.share ? BigInt(verdict.share.windowMs) : null,
    workerAddress: verdict?.signer,
  });
  expect(verdict?.decision === 'paid' ? [null] : verdict?.reasons).toContain(record.reason);
  expect(record).toMatchObject({
    rateMicroUsdPerMinute: terms.rateMicroUsd,
    minUptimeBasisPoints: BigInt(terms.thresholdBp),
  });
}

/** Longer than any lease and any retry, so that another process takes over what a dead or slow one had claimed. */
const LEASES_OVER_MS = 240_000;

/** On all replicas, until nothing is pending: whatever was left must be taken up by somebody. */
export async function assessInPeace(stage: Stage): Promise<void> {
  const source = askEach(stage.workers);
  await stage.wait(LEASES_OVER_MS);
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.all(stage.replicas.map(({ assessor }) => assessor.assessDue(source)));
    if ((await readAssessments(stage.real, 'pending')).length === 0) return;
  }
  throw new Error('periods are still pending');
}

/** Every period that has ended was decided, once, as the model decides it; it learns of the decisions here. */
export async function expectAllDecided({ model, real }: Stage): Promise<void> {
  for (const record of await readAssessments(real)) {
    const { decision, amountMicroUsd } = record;
    expect(model.decide(record)).toMatchObject({ decision, amountMicroUsd });
  }
  for (const orchestrator of model.orchestrators.values()) {
    expect(orchestrator.undecided(model.nowMs)).toEqual([]);
  }
}

/** What the books show of all periods is what was decided, and what they show as pending is due and undecided. */
export async function expectAssessments({ model, real }: Stage): Promise<void> {
  const shown = await readAssessments(real);
  const decided = shown.filter(({ decision }) => decision !== 'pending');
  const expected = [...model.orchestrators.values()].flatMap(({ id, decided: verdicts }) =>
    [...verdicts].map(
      ([startMs, { decision, amountMicroUsd }]) => `${id} ${startMs} ${decision} ${amountMicroUsd}`,
    ),
  );
  expect(
    decided
      .map(
        (item) =>
          `${item.orchestratorId} ${item.periodStart.getTime()} ${item.decision} ${item.amountMicroUsd}`,
      )
      .sort(),
  ).toEqual(expected.sort());
  for (const { orchestratorId, periodStart, decision } of shown) {
    if (decision !== 'pending') continue;
    expect(model.find(orchestratorId).undecided(model.nowMs)).toContain(periodStart.getTime());
  }
}
