import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { AssessorRig, at } from './testing/assessor-rig.js';

describe('the terms that were in force when a period began', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  it('set its rate, however late it is assessed', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(2, 30_000));
    const { effectiveFrom } = await rig.services.rates.setFor(id, { microUsdPerMinute: 1_000_000n }, 'admin');
    expect(effectiveFrom).toEqual(at(3));
    await rig.setClock(at(5));
    const decided = await rig.turn();
    expect(decided.map(({ amountMicroUsd }) => amountMicroUsd)).toEqual([
      10_000_000n,
      10_000_000n,
      10_000_000n,
      1_000_000n,
      1_000_000n,
    ]);
  });

  it('may pay nothing: a rate of zero is stored without a journal entry', async () => {
    const { id } = await rig.create('free', { rateMicroUsdPerMinute: 0n });
    await rig.setClock(at(2));
    await rig.turn();
    const last = (await rig.services.assessments.list({ limit: 1 })).items[0];
    expect(last).toMatchObject({ decision: 'paid', amountMicroUsd: 0n, periodStart: at(1) });
    expect(await rig.payable(id)).toBe(0n);
    expect(await rig.count('ledger.journal_entry')).toBe(0);
  });

  it('keep the worker from being asked while the orchestrator was paused', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(0, 1));
    await rig.services.orchestrators.change(id, { status: 'paused' }, 'admin');
    await rig.setClock(at(1, 1));
    await rig.services.orchestrators.change(id, { status: 'active' }, 'admin');
    await rig.setClock(at(3));
    const decided = await rig.turn();
    expect(decided.map(({ reason, periodStart }) => [periodStart, reason])).toEqual([
      [at(0), null],
      [at(1), 'orchestrator_paused'],
      [at(2), null],
    ]);
    expect(rig.worker('one').requests).toHaveLength(2);
  });

  it('leave only whole periods before an archive', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(2, 30_000));
    await rig.services.orchestrators.archive(id, 'admin');
    await rig.setClock(at(9));
    expect((await rig.turn()).map(({ periodStart }) => periodStart)).toEqual([at(0), at(1)]);
    expect(await rig.turn()).toEqual([]);
  });
});
