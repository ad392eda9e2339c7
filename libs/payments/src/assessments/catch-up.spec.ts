import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { decideDue } from '../../testing/decide-due.js';
import { at, AssessorRig } from './testing/assessor-rig.js';

const minutes = (milliseconds: bigint): bigint => milliseconds / 60_000n;
const noon = BigInt(at(0).getTime());

describe('a distributor that comes back', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open({ evidenceGraceSeconds: 600 });
  });
  afterEach(() => rig.close());

  /** The worker was down in every fifth minute after noon. */
  const downInEveryFifthMinute = (name: string): void => {
    const worker = rig.worker(name);
    worker.answer = (request) => {
      worker.downMs = minutes(request.fromMs - noon) % 5n === 4n ? { redis_scb: 60_000n } : {};
      return undefined;
    };
  };

  it('pays what the journal proves of thirty periods that nobody asked for', async () => {
    const { id } = await rig.create('one');
    downInEveryFifthMinute('one');
    const decided = await rig.assessAt(at(30));
    expect(decided.map(({ periodStart }) => periodStart)).toEqual(
      Array.from({ length: 30 }, (_, index) => at(index)),
    );
    expect(decided.filter(({ decision }) => decision === 'paid')).toHaveLength(24);
    expect(await rig.payable(id)).toBe(240_000_000n);
  });

  it('pays what the journal proves of three times the grace: that runs from the first question on', async () => {
    const { id } = await rig.create('one');
    downInEveryFifthMinute('one');
    const decided = await rig.assessAt(at(30 + 1));
    expect(decided).toHaveLength(31);
    expect(decided.every(({ reason }) => reason === null || reason === 'below_threshold')).toBe(true);
    expect(await rig.payable(id)).toBe(250_000_000n);
  });

  it('waits the whole grace for a worker that is silent when it comes back, and pays it in full', async () => {
    const { id } = await rig.create('one');
    rig.worker('one').answer = () => ({ kind: 'failed', detail: 'connection refused' });
    expect(await rig.assessAt(at(30))).toEqual([]);
    expect(await rig.assessAt(at(39, 59_000))).toEqual([]);
    rig.worker('one').answer = undefined;
    await rig.assessAt(at(41));
    expect(await rig.payable(id)).toBe(410_000_000n);
  });

  it('gives a worker up for all periods at once when it stays silent for the grace, and for no later one', async () => {
    await rig.create('one');
    rig.worker('one').answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await rig.assessAt(at(30));
    const decided = await rig.assessAt(at(40, 1_000));
    expect(decided).toHaveLength(30);
    expect(decided.every(({ reason }) => reason === 'no_evidence')).toBe(true);
    expect((await rig.services.assessments.list({ decision: 'pending' })).items).toHaveLength(10);
  });

  it('uses the rate and the policy that were in force when each period began', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(9, 30_000));
    await rig.services.rates.setFor(id, { microUsdPerMinute: 1_000_000n }, 'admin');
    await rig.setClock(at(19, 30_000));
    await rig.services.policies.setDefault({ requiredServices: ['autogen_agent'] }, 'admin');
    rig.worker('one').downMs = { redis_scb: 60_000n };
    const decided = await rig.assessAt(at(30));
    expect(decided.map(({ decision, rateMicroUsdPerMinute }) => [decision, rateMicroUsdPerMinute])).toEqual([
      ...Array.from({ length: 10 }, () => ['unpaid', 10_000_000n]),
      ...Array.from({ length: 10 }, () => ['unpaid', 1_000_000n]),
      ...Array.from({ length: 10 }, () => ['paid', 1_000_000n]),
    ]);
    expect(await rig.payable(id)).toBe(10_000_000n);
  });

  it('judges exactly the whole periods between the making and the archive of a record', async () => {
    await rig.setClock(at(5, 1));
    const { id } = await rig.create('one');
    await rig.setClock(at(12, 59_999));
    await rig.services.orchestrators.archive(id, 'admin');
    const decided = await rig.assessAt(at(40));
    expect(decided.map(({ periodStart }) => periodStart)).toEqual(
      [6, 7, 8, 9, 10, 11].map((minute) => at(minute)),
    );
    expect(await rig.payable(id)).toBe(60_000_000n);
  });

  it('does not let the backlog of one keep another waiting', async () => {
    await rig.create('old');
    rig.worker('old').answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await rig.assessAt(at(300));
    await rig.create('new');
    await rig.setClock(at(302));
    const decided = await decideDue(rig.services.assessor, rig.source);
    expect(decided).toMatchObject([{ orchestratorName: 'new', decision: 'paid', periodStart: at(301) }]);
  });

  it('asks a worker that does not answer for one period at a time, ever more seldom', async () => {
    await rig.create('one');
    const worker = rig.worker('one');
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    for (let second = 0; second < 60; second += 1) {
      await rig.setClock(at(30, second * 1_000));
      await decideDue(rig.services.assessor, rig.source);
    }
    const asked = worker.requests.length;
    expect(asked).toBeGreaterThanOrEqual(5);
    expect(asked).toBeLessThanOrEqual(8);
  });
});

describe('amounts that a period does not divide', () => {
  it('add up to exactly the rate of every hour, after a stop too', async () => {
    const rig = await AssessorRig.open({ paymentIntervalSeconds: 36 });
    try {
      // A dollar and one micro-dollar an hour-sixtieth: 36 s of it are not whole micro-dollars.
      const { id } = await rig.create('one', { rateMicroUsdPerMinute: 1_000_001n });
      const decided = await rig.assessAt(at(120));
      expect(decided).toHaveLength(200);
      expect(new Set(decided.map(({ amountMicroUsd }) => amountMicroUsd)).size).toBeGreaterThan(1);
      expect(await rig.payable(id)).toBe(2n * 60n * 1_000_001n);
    } finally {
      await rig.close();
    }
  });
});
