import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { TestWorker } from '../../testing/test-worker.js';
import { at, AssessorRig } from './testing/assessor-rig.js';

describe('what is found wrong with a worker', () => {
  let rig: AssessorRig;
  let id: string;

  beforeEach(async () => {
    rig = await AssessorRig.open();
    ({ id } = await rig.create('one'));
  });
  afterEach(() => rig.close());

  const aheadBy = (ms: number): void => {
    const { change } = rig.worker('one');
    rig.worker('one').change = (statement) => {
      const changed = change(statement);
      return { ...changed, issuedAtMs: changed.issuedAtMs + BigInt(ms) };
    };
  };
  const skew = async () =>
    (await rig.services.assessments.list({ limit: 1 })).items[0]?.exchange?.clockSkewMs;

  it('tells of a clock that is more than five seconds off, until it is right again', async () => {
    aheadBy(4_000);
    expect(await rig.assessAt(at(1))).toMatchObject([{ decision: 'paid' }]);
    expect(Number(await skew())).toBeGreaterThan(3_000);
    expect(await rig.alert('worker_clock_skew')).toBeUndefined();

    aheadBy(4_000);
    expect(await rig.assessAt(at(2))).toMatchObject([{ decision: 'paid' }]);
    expect(Number(await skew())).toBeGreaterThan(7_000);
    expect(await rig.alert('worker_clock_skew')).toMatchObject({
      subject: `orchestrator/${id}`,
      text: expect.stringContaining('more than 5 s ahead'),
    });
    await rig.assessAt(at(3));
    expect(await rig.alert('worker_clock_skew')).toMatchObject({ seenCount: 1 });

    aheadBy(-8_000);
    await rig.assessAt(at(4));
    expect(await rig.alert('worker_clock_skew')).toBeUndefined();
    expect(await rig.alert('worker_clock_skew', 'resolved')).toBeDefined();
  });

  it('does not take a slow answer for a slow clock', async () => {
    const worker = rig.worker('one');
    worker.answer = (request) => ({ kind: 'report', signed: worker.report(request), latencyMs: 9_000 });
    aheadBy(-8_500);
    await rig.assessAt(at(1));
    expect(await skew()).toBe(0n);
    expect(await rig.alert('worker_clock_skew')).toBeUndefined();
  });

  it('does not take an old report for a slow clock', async () => {
    const worker = rig.worker('one');
    worker.change = (statement) => ({
      ...statement,
      challenge: `0x${'01'.repeat(32)}`,
      issuedAtMs: BigInt(at(0).getTime()),
    });
    expect(await rig.assessAt(at(1))).toMatchObject([{ reason: 'stale_challenge' }]);
    expect(await rig.alert('worker_clock_skew')).toBeUndefined();
    expect(await skew()).toBeNull();
  });

  it('names who signed in the place of the worker, and the call that accepts it', async () => {
    const worker = rig.worker('one');
    const own = worker.signer;
    const strangers = [new TestWorker(), new TestWorker()];
    for (const [index, stranger] of strangers.entries()) {
      Object.assign(worker, { signer: stranger.signer });
      expect(await rig.assessAt(at(index + 1))).toMatchObject([{ reason: 'wrong_worker' }]);
      const { text } = (await rig.alert('wrong_worker')) ?? {};
      expect(text).toContain(stranger.address);
      expect(text).toContain(own.address);
      expect(text).toContain(`POST /api/v1/orchestrators/${id}/accept-worker`);
    }
    Object.assign(worker, { signer: own });
    await rig.assessAt(at(3));
    expect(await rig.alert('wrong_worker')).toBeUndefined();
  });
});
