import { expect } from '@jest/globals';

import { askedStartMs, type Start } from './model-books.js';
import { actor, type Stage } from './stage.js';
import type { StepOf } from './step.js';

export async function create(stage: Stage, { reports, ...terms }: StepOf<'create'>): Promise<void> {
  const { worker, serviceUri } = stage.newWorker(reports);
  const { rateMicroUsd, thresholdBp, required } = terms;
  const { id } = await stage.real.orchestrators.create(
    {
      ...{ serviceUri, workerAddress: worker.address, rateMicroUsdPerMinute: rateMicroUsd },
      minUptimeBasisPoints: thresholdBp === undefined ? undefined : BigInt(thresholdBp),
      requiredServices: required,
    },
    actor,
  );
  stage.add(id, worker).addresses.add(stage.model.nowMs, worker.address);
  if (rateMicroUsd !== undefined) stage.model.setRate(id, rateMicroUsd, undefined);
  if (thresholdBp !== undefined) stage.model.setPolicy(id, { thresholdBp }, undefined);
  if (required !== undefined) stage.model.setPolicy(id, { required }, undefined);
}

export async function createFromEnvironment(
  stage: Stage,
  { reports }: StepOf<'create from the environment'>,
): Promise<void> {
  const { worker, serviceUri } = stage.newWorker(reports);
  stage.fromEnvironment.push(serviceUri);
  await ensureEnvironment(stage);
  const { items } = await stage.real.orchestrators.list();
  const made = items.find((item) => item.serviceUri === serviceUri);
  if (!made) throw new Error('the environment made no record');
  stage.add(made.id, worker);
}

export const ensureEnvironment = ({ real, fromEnvironment }: Stage): Promise<void> =>
  real.orchestrators.ensureFromEnvironment(
    fromEnvironment.map((serviceUri) => ({ serviceUri, workerUrl: `${serviceUri}/worker` })),
  );

export async function changeOrchestrator(
  stage: Stage,
  step: StepOf<'set status' | 'archive' | 'rotate the key' | 'accept the worker' | 'mood'>,
): Promise<void> {
  const id = stage.idOf(step.who);
  const { model } = stage;
  const { worker } = model.find(id);
  const { orchestrators } = stage.real;
  switch (step.do) {
    case 'mood':
      worker.mood = step.mood;
      return;
    case 'rotate the key':
      worker.key = `${worker.key}+`;
      return;
    case 'archive':
      return stage.both(
        () => {
          model.archive(id);
        },
        () => orchestrators.archive(id, actor),
      );
    case 'set status':
      return stage.both(
        () => {
          model.setStatus(id, step.status);
        },
        () => orchestrators.change(id, { status: step.status }, actor),
      );
    case 'accept the worker':
      return stage.both(
        () => {
          model.acceptWorker(id, worker.address);
        },
        () => orchestrators.acceptWorker(id, worker.address, actor),
      );
  }
}

export async function changeRate(stage: Stage, step: StepOf<'set rate'>): Promise<void> {
  const id = step.who === null ? null : stage.idOf(step.who);
  const { rates } = stage.real;
  const change = { microUsdPerMinute: step.rateMicroUsd, effectiveFrom: asked(stage, step.start) };
  await stage.both(
    () => {
      stage.model.setRate(id, step.rateMicroUsd, step.start);
    },
    () => (id === null ? rates.setDefault(change, actor) : rates.setFor(id, change, actor)),
  );
}

export async function changePolicy(stage: Stage, step: StepOf<'set policy'>): Promise<void> {
  const id = step.who === null ? null : stage.idOf(step.who);
  const { policies } = stage.real;
  const { thresholdBp, aggregation, required } = step.change;
  const change = {
    ...{ aggregation, requiredServices: required, effectiveFrom: asked(stage, step.start) },
    minUptimeBasisPoints: typeof thresholdBp === 'number' ? BigInt(thresholdBp) : thresholdBp,
  };
  await stage.both(
    () => {
      stage.model.setPolicy(id, step.change, step.start);
    },
    () => (id === null ? policies.setDefault(change, actor) : policies.setFor(id, change, actor)),
  );
}

const asked = ({ model }: Stage, start: Start): Date | undefined =>
  start && new Date(askedStartMs(start, model.nextBoundaryMs, model.periodMs));

/** Each payee is shown with what was said of it last, and with the terms of the next period. */
export async function expectOrchestrators({ model, real }: Stage): Promise<void> {
  const { items } = await real.orchestrators.list({ limit: 1_000 });
  const shown = items.map(({ id, status, workerAddress, rateMicroUsdPerMinute, minUptimeBasisPoints }) => ({
    ...{ id, status, workerAddress, rateMicroUsdPerMinute, minUptimeBasisPoints },
  }));
  const expected = [...model.orchestrators.values()].map((orchestrator) => {
    const { rateMicroUsd, thresholdBp } = model.termsAt(orchestrator, model.nextBoundaryMs);
    return {
      id: orchestrator.id,
      status: orchestrator.archivedMs === null ? orchestrator.statuses.newest() : 'archived',
      workerAddress: orchestrator.addresses.newest() ?? null,
      rateMicroUsdPerMinute: rateMicroUsd,
      minUptimeBasisPoints: BigInt(thresholdBp),
    };
  });
  const byId = <T extends { id: string }>(all: T[]): T[] => all.sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(byId(shown)).toEqual(byId(expected));
}
