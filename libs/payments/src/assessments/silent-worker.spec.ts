import { afterEach, describe, expect, it } from '@jest/globals';

import type { TestWorker } from '../../testing/test-worker.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

describe('a worker that does not answer', () => {
  let rig: AssessorRig;

  /** Ten minutes of grace. */
  const openWithShortGrace = (): Promise<AssessorRig> => AssessorRig.open({ evidenceGraceSeconds: 600 });

  const createSilent = async (): Promise<{ id: string; worker: TestWorker }> => {
    const { id } = await rig.create('one');
    const worker = rig.worker('one');
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    return { id, worker };
  };

  afterEach(() => rig.close());

  it('keeps its period pending, until it is decided when the grace is over', async () => {
    rig = await openWithShortGrace();
    const { id } = await createSilent();
    await rig.setClock(at(1));
    expect(await rig.turn()).toEqual([]);
    const pending = await rig.services.assessments.list();
    expect(pending.items).toMatchObject([
      { decision: 'pending', reason: null, reasonText: 'No report yet: connection refused', attempts: 1 },
    ]);

    await rig.setClock(at(10));
    expect((await rig.turn()).filter(({ periodStart }) => periodStart <= at(0))).toEqual([]);
    await rig.setClock(at(11, 1_000));
    const [decided] = await rig.turn();
    expect(decided).toMatchObject({ periodStart: at(0), decision: 'unpaid', reason: 'no_evidence' });
    expect(decided?.id).toBe(pending.items[0]?.id);
    expect(await rig.payable(id)).toBe(0n);
  });

  it('is paid what it can still prove after a silence, within the grace', async () => {
    rig = await AssessorRig.open();
    const { id, worker } = await createSilent();
    await rig.setClock(at(1));
    await rig.turn();
    worker.answer = undefined;
    await rig.assessAt(at(600));
    expect(await rig.payable(id)).toBe(6_000_000_000n);
    expect(await rig.count('payments.assessment')).toBe(600);
    expect(await rig.count('payments.pending_assessment')).toBe(0);
  });

  it('is paid what its journal proves when nobody asked again for three times the grace', async () => {
    rig = await openWithShortGrace();
    const { id, worker } = await createSilent();
    await rig.setClock(at(1));
    await rig.turn();
    worker.answer = undefined;
    await rig.assessAt(at(31));
    expect(await rig.count('payments.assessment')).toBe(31);
    expect(await rig.payable(id)).toBe(310_000_000n);
  });

  it('is given up for every period whose grace is over with one more failure, and for no other', async () => {
    rig = await openWithShortGrace();
    const { worker } = await createSilent();
    for (const minutes of [1, 2, 3]) {
      await rig.setClock(at(minutes));
      await rig.turn();
    }
    const asked = worker.requests.length;
    await rig.setClock(at(20));
    const decided = await rig.turn();
    expect(worker.requests).toHaveLength(asked + 1);
    expect(decided.length).toBeGreaterThan(0);
    expect(decided.every(({ reason, periodEnd }) => reason === 'no_evidence' && periodEnd <= at(3))).toBe(
      true,
    );
    const { items } = await rig.services.assessments.list({ decision: 'pending' });
    expect(items.length).toBe(20 - decided.length);
  });

  it('is asked again when it said, if it cannot speak for the period yet', async () => {
    rig = await AssessorRig.open();
    await rig.create('one');
    const worker = rig.worker('one');
    worker.answer = () => ({ kind: 'not-yet', retryAfterMs: 3_000, detail: 'watermark' });
    await rig.setClock(at(1));
    await rig.turn();
    worker.answer = undefined;
    await rig.setClock(at(1, 2_900));
    expect(await rig.turn()).toEqual([]);
    expect(worker.requests).toHaveLength(1);
    await rig.setClock(at(1, 4_000));
    expect(await rig.turn()).toMatchObject([{ decision: 'paid', attempts: 2 }]);
  });

  it('is cut off, and delays nobody else', async () => {
    rig = await AssessorRig.open({ fetchTimeoutMs: 50 });
    await rig.create('slow');
    await rig.create('quick');
    const slow = rig.worker('slow');
    slow.answer = () => new Promise<never>(() => undefined);
    await rig.setClock(at(3));
    const decided = await rig.turn();
    expect(decided.map(({ orchestratorName }) => orchestratorName)).toEqual(['quick', 'quick', 'quick']);
    expect(slow.requests).toHaveLength(1);
    expect(slow.requests[0]?.signal.aborted).toBe(true);
  });
});
