import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { at, AssessorRig } from './testing/assessor-rig.js';

describe('late evidence', () => {
  let rig: AssessorRig;
  let id: string;

  /** The period from noon on is given up, then the worker answers again. */
  beforeEach(async () => {
    rig = await AssessorRig.open({ evidenceGraceSeconds: 60 });
    ({ id } = await rig.create('one'));
    rig.worker('one').answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await rig.assessAt(at(1));
    expect(await rig.assessAt(at(3))).toMatchObject([{ periodStart: at(0), reason: 'no_evidence' }]);
  });
  afterEach(() => rig.close());

  const given = async () => (await rig.services.assessments.list({ to: at(1) })).items[0];

  it('is not asked for while the worker does not answer', async () => {
    await rig.setClock(at(10));
    expect(await rig.late.collect(rig.source)).toBe(0);
    expect(rig.worker('one').requests).toHaveLength(2);
  });

  it('is kept and shown with what it would have earned, told, and not paid', async () => {
    rig.worker('one').answer = undefined;
    await rig.assessAt(at(10));
    const paid = await rig.payable(id);
    expect(await rig.late.collect(rig.source)).toBe(1);

    expect(await given()).toMatchObject({
      decision: 'unpaid',
      reason: 'no_evidence',
      amountMicroUsd: 0n,
      evidence: null,
      lateEvidence: [
        {
          origin: 'late',
          receivedAt: expect.any(Date),
          reason: null,
          uptimePercentage: 100,
          amountMicroUsd: 10_000_000n,
          workerAddress: rig.worker('one').address,
          evidence: { report: { from: at(0).toISOString() } },
        },
      ],
    });
    expect(await rig.payable(id)).toBe(paid);
    expect(await rig.alert('late_evidence')).toMatchObject({
      subject: `orchestrator/${id}`,
      text: expect.stringContaining('would have earned $10.000000'),
    });
    await rig.setClock(at(600));
    expect(await rig.late.collect(rig.source)).toBe(0);
  });

  it('says why it would not have been paid either', async () => {
    rig.worker('one').answer = undefined;
    rig.worker('one').downMs = { redis_scb: 60_000n };
    await rig.assessAt(at(10));
    await rig.late.collect(rig.source);
    expect((await given())?.lateEvidence).toMatchObject([{ reason: 'below_threshold', amountMicroUsd: 0n }]);
  });

  it('does not keep what its worker did not sign about this period, and asks again ever more seldom', async () => {
    const worker = rig.worker('one');
    worker.answer = undefined;
    await rig.assessAt(at(10));
    worker.answer = () => ({ kind: 'report', signed: { up: true }, latencyMs: 1 });
    const asked = async (moment: Date): Promise<number> => {
      const before = worker.requests.length;
      await rig.setClock(moment);
      expect(await rig.late.collect(rig.source)).toBe(0);
      return worker.requests.length - before;
    };
    expect(await asked(at(10))).toBe(1);
    expect(await asked(at(10, 59_000))).toBe(0);
    expect(await asked(at(11))).toBe(1);
    expect(await asked(at(12, 59_000))).toBe(0);
    expect(await asked(at(13))).toBe(1);
    expect((await given())?.lateEvidence).toEqual([]);
  });

  it('is not asked for any more after thirty days', async () => {
    rig.worker('one').answer = undefined;
    await rig.assessAt(at(10));
    await rig.setClock(at(31 * 24 * 60));
    expect(await rig.late.collect(rig.source)).toBe(0);
    await rig.setClock(at(10));
    expect(await rig.late.collect(rig.source)).toBe(0);
  });
});
