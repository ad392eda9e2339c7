import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { TestWorker } from '../../testing/test-worker.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

describe('the assessor', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  it('assesses, keeps the evidence and accrues each period that has ended, the oldest first', async () => {
    const { id } = await rig.create('one');
    const worker = rig.worker('one');
    await rig.setClock(at(3, 100));

    const decided = await rig.turn();

    expect(decided.map(({ periodStart }) => periodStart)).toEqual([at(0), at(1), at(2)]);
    expect(decided.every(({ decision }) => decision === 'paid')).toBe(true);
    expect(await rig.payable(id)).toBe(30_000_000n);
    expect(new Set(worker.requests.map(({ challenge }) => challenge)).size).toBe(3);
    const { items } = await rig.services.assessments.list();
    expect(items.map(({ periodStart }) => periodStart)).toEqual([at(2), at(1), at(0)]);
    expect(items[0]?.evidence).toMatchObject({ report: { worker_address: worker.address } });
    expect(await rig.turn()).toEqual([]);
    expect(await rig.services.balances.list()).toEqual([
      {
        orchestratorId: id,
        accruedMicroUsd: 30_000_000n,
        adjustedMicroUsd: 0n,
        payableMicroUsd: 30_000_000n,
        inSettlementMicroUsd: 0n,
        paidMicroUsd: 0n,
      },
    ]);
  });

  it('begins with the first full period after the record was made', async () => {
    await rig.setClock(at(0, 1));
    await rig.create('one');
    await rig.setClock(at(2));
    expect((await rig.turn()).map(({ periodStart }) => periodStart)).toEqual([at(1)]);
  });

  it('asks for nothing before a period has ended', async () => {
    await rig.create('one');
    await rig.setClock(at(1, -1));
    expect(await rig.turn()).toEqual([]);
    expect(rig.worker('one').requests).toHaveLength(0);
  });

  it('does not pay for a period with a service down, names it, and pays the next one', async () => {
    const { id } = await rig.create('one');
    rig.worker('one').downMs = { autogen_agent: 60_000n };
    await rig.setClock(at(1));
    const [unpaid] = await rig.turn();
    expect(unpaid).toMatchObject({ decision: 'unpaid', reason: 'below_threshold', uptimePercentage: 50 });
    expect(unpaid?.reasonText).toContain('autogen_agent 60000 ms down');
    expect(await rig.payable(id)).toBe(0n);

    rig.worker('one').downMs = {};
    await rig.setClock(at(2));
    expect(await rig.turn()).toMatchObject([{ decision: 'paid', periodStart: at(1) }]);
    expect(await rig.payable(id)).toBe(10_000_000n);
  });

  it.each([
    ['wrong_worker', (worker: TestWorker) => Object.assign(worker, { signer: new TestWorker().signer })],
    [
      'wrong_window',
      (worker: TestWorker) => {
        worker.change = (statement) => ({
          ...statement,
          fromMs: statement.fromMs - 60_000n,
          toMs: statement.toMs - 60_000n,
        });
      },
    ],
    [
      'missing_services',
      (worker: TestWorker) => {
        worker.services = ['redis_scb'];
      },
    ],
    [
      'clock_skew',
      (worker: TestWorker) => {
        worker.change = (statement) => ({ ...statement, issuedAtMs: statement.issuedAtMs + 60_000n });
      },
    ],
    [
      'malformed_report',
      (worker: TestWorker) => {
        worker.answer = () => ({ kind: 'report', signed: { up: '100 %' }, latencyMs: 1 });
      },
    ],
    [
      'malformed_report',
      (worker: TestWorker) => {
        worker.answer = () => ({ kind: 'report', signed: 'x'.repeat(10_000_000), latencyMs: 1 });
      },
    ],
  ])('stores what it was shown and pays nothing: %s', async (reason, spoil) => {
    const { id } = await rig.create('one');
    spoil(rig.worker('one'));
    await rig.setClock(at(1));
    expect(await rig.turn()).toMatchObject([{ decision: 'unpaid', reason }]);
    expect(await rig.payable(id)).toBe(0n);
    expect((await rig.services.assessments.list()).items[0]?.evidence).not.toBeNull();
  });

  it('does not take the answer to an earlier challenge', async () => {
    await rig.create('one');
    const worker = rig.worker('one');
    const first = worker.report({
      fromMs: BigInt(at(0).getTime()),
      toMs: BigInt(at(1).getTime()),
      challenge: `0x${'01'.repeat(32)}`,
    });
    worker.answer = () => ({ kind: 'report', signed: first, latencyMs: 1 });
    await rig.setClock(at(1));
    expect(await rig.turn()).toMatchObject([{ reason: 'stale_challenge' }]);
  });

  it('stops asking when the process stops, and leaves the rest to the next one', async () => {
    await rig.create('one');
    const worker = rig.worker('one');
    await rig.setClock(at(5));
    const stopping = new AbortController();
    worker.answer = () => {
      if (worker.requests.length === 2) stopping.abort();
      return undefined;
    };
    const decided = await rig.turn(stopping.signal);
    expect(decided.length).toBeLessThanOrEqual(2);
    worker.answer = undefined;
    const rest = await rig.turn();
    expect(decided.length + rest.length).toBe(5);
  });

  it('drops a period whose time has been assessed before in a longer one', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(1));
    await rig.turn();
    await rig.books.owner.query(
      `insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
         values ($1, $2, $3, $2)`,
      [id, at(0, 10_000), at(0, 20_000)],
    );
    expect(await rig.turn()).toEqual([]);
    expect(await rig.payable(id)).toBe(10_000_000n);
    expect(await rig.count('payments.pending_assessment')).toBe(0);
  });

  it('keeps what was decided, and all that it was decided from, append-only', async () => {
    await rig.create('one');
    await rig.setClock(at(1));
    await rig.turn();
    const run = (sql: string): Promise<unknown> => rig.books.owner.query(sql);
    for (const [table, change] of [
      ['orchestrator', "service_uri = 'https://other'"],
      ['orchestrator_fact', "value = 'other'"],
      ['rate', 'micro_usd_per_minute = 1'],
      ['policy', 'threshold_bp = 1'],
      ['assessment', 'amount_micro_usd = 1'],
      ['evidence', 'latency_ms = 1'],
      ['audit', "actor = 'nobody'"],
    ] as const) {
      expect(await rig.count(`payments.${table}`)).toBeGreaterThan(0);
      await expect(run(`update payments.${table} set ${change}`)).rejects.toThrow(/append-only/);
      await expect(run(`delete from payments.${table}`)).rejects.toThrow(/append-only/);
      await expect(run(`truncate payments.${table} cascade`)).rejects.toThrow(/append-only/);
    }
    await expect(run(`update payments.book set ledger_id = gen_random_uuid()`)).rejects.toThrow(
      /append-only/,
    );
  });
});
