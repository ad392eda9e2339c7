import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { decideDue } from '../../testing/decide-due.js';
import type { TestWorker } from '../../testing/test-worker.js';
import type { EvidenceOutcome, EvidenceRequest } from './evidence-source.js';
import { at, AssessorRig } from './testing/assessor-rig.js';

/** The worker says something else from its second report on. */
function lieTheSecondTime(worker: TestWorker, downMs: Record<string, bigint>): void {
  worker.answer = () => {
    if (worker.requests.length === 2) worker.downMs = downMs;
    return undefined;
  };
}

describe('a worker that is asked twice', () => {
  let rig: AssessorRig;
  let worker: TestWorker;
  let id: string;

  beforeEach(async () => {
    rig = await AssessorRig.open({ secondQuestionBasisPoints: 10_000 });
    ({ id } = await rig.create('one'));
    worker = rig.worker('one');
  });
  afterEach(() => rig.close());

  it('is paid when it says the same about the window, whatever else differs', async () => {
    const change = worker.change;
    worker.change = (statement) => ({
      ...change(statement),
      engineId: worker.requests.length === 1 ? '' : 'known by now',
      minuteHash: statement.challenge,
    });
    expect(await rig.assessAt(at(1))).toMatchObject([{ decision: 'paid' }]);
    expect(worker.requests).toHaveLength(2);
    expect(new Set(worker.requests.map(({ challenge }) => challenge)).size).toBe(2);
  });

  it('is not paid when it signs two reports that contradict each other, and both are kept', async () => {
    lieTheSecondTime(worker, { redis_scb: 1n });
    const [decided] = await rig.assessAt(at(1));
    expect(decided).toMatchObject({ decision: 'unpaid', reason: 'equivocation', amountMicroUsd: 0n });
    expect(decided?.reasonText).toContain('redis_scb was up 60000 ms in one and 59999 ms in the other');
    expect(await rig.payable(id)).toBe(0n);

    const [shown] = (await rig.services.assessments.list()).items;
    expect(shown?.evidence).toMatchObject({ report: { all_up_ms: 60_000 } });
    expect(shown?.secondEvidence).toMatchObject({ report: { all_up_ms: 59_999 } });
    expect(await rig.alert('equivocation')).toMatchObject({ subject: `orchestrator/${id}` });
    expect((await rig.services.audit.list()).items[0]).toMatchObject({ action: 'equivocation found' });
  });

  it('is not paid when it names another container the second time', async () => {
    const own = worker.containerIds;
    worker.containerIds = (service) => [`${own(service)[0] ?? ''} ${worker.requests.length}`];
    expect(await rig.assessAt(at(1))).toMatchObject([{ reason: 'equivocation' }]);
  });

  it.each<[string, EvidenceOutcome]>([
    ['nothing', { kind: 'failed', detail: 'gone' }],
    ['that it is not the time', { kind: 'not-yet', retryAfterMs: 1_000, detail: 'watermark' }],
    ['nonsense', { kind: 'report', signed: { up: true }, latencyMs: 1 }],
  ])('is judged by its first report when it answers %s the second time', async (_what, second) => {
    worker.answer = () => (worker.requests.length === 2 ? second : undefined);
    expect(await rig.assessAt(at(1))).toMatchObject([{ decision: 'paid' }]);
  });

  it('is not asked twice when the first report earns nothing', async () => {
    worker.downMs = { redis_scb: 60_000n };
    expect(await rig.assessAt(at(1))).toMatchObject([{ reason: 'below_threshold' }]);
    expect(worker.requests).toHaveLength(1);
  });
});

describe('two processes that hold reports about one period', () => {
  it.each([
    ['keeps one that contradicts the decision, which stays', 1n],
    ['lets one go that says the same', 0n],
  ])('%s', async (_what, downMs) => {
    const rig = await AssessorRig.open();
    try {
      const { id } = await rig.create('one');
      const worker = rig.worker('one');
      const other = await rig.replica();
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      await rig.setClock(at(1));
      const early = decideDue(rig.services.assessor, {
        async fetch(request: EvidenceRequest) {
          const outcome = await rig.source.fetch(request);
          await held;
          return outcome;
        },
      });
      while (worker.requests.length === 0) await new Promise(setImmediate);
      // Its lease runs out, another process asks and decides, then the first one goes on.
      await rig.books.owner.query("update payments.pending_assessment set next_attempt_at = '2026-01-01'");
      worker.downMs = { redis_scb: downMs };
      expect(await decideDue(other.assessor, rig.source)).toMatchObject([{ decision: 'paid' }]);
      letGo();
      expect(await early).toEqual([]);

      const [shown] = (await rig.services.assessments.list()).items;
      expect(shown).toMatchObject({ decision: 'paid', reason: null });
      expect(shown?.lateEvidence).toHaveLength(downMs === 0n ? 0 : 1);
      expect(await rig.payable(id)).toBe(10_000_000n);
      const alert = await rig.alert('equivocation');
      if (downMs === 0n) expect(alert).toBeUndefined();
      else expect(alert?.text).toContain('59999 ms');
    } finally {
      await rig.close();
    }
  });
});
