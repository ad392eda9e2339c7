import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { decideDue } from '../../testing/decide-due.js';
import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { bySource, TestWorker } from '../../testing/test-worker.js';
import type { BooksOptions } from '../books/books-options.js';
import { account } from '../ledger/account.js';
import type { Orchestrator } from '../orchestrators/orchestrator.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
/** Minutes after noon. */
const at = (minutes: number, ms = 0): Date => new Date(noon + minutes * 60_000 + ms);

describe('the assessor', () => {
  let books: TestBooks;
  let services: BookServices;

  const open = async (changes: Partial<BooksOptions> = {}): Promise<void> => {
    services = bookServices(books.database, changes);
    await services.books.open();
  };

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(at(0, -30_000));
    await open();
  });
  afterEach(async () => {
    await books.close();
  });

  const create = (worker: TestWorker, name = 'one', change: object = {}): Promise<Orchestrator> =>
    services.orchestrators.create(
      {
        name,
        serviceUri: `https://${name}:9995`,
        workerUrl: `http://${name}:9876`,
        workerAddress: worker.address,
        ...change,
      },
      'admin',
    );

  const payable = (id: string): Promise<bigint> =>
    services.ledger.balance(books.database.dataSource, account.payable(id));

  const count = async (table: string): Promise<number> => {
    const rows: unknown = await books.owner.query(`select count(*)::int as n from ${table}`);
    return z.array(z.object({ n: z.int() })).parse(rows)[0]?.n ?? -1;
  };

  it('assesses, keeps the evidence and accrues each period that has ended, the oldest first', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    await books.setClock(at(3, 100));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(3).getTime()) });

    const decided = await decideDue(services.assessor, worker);

    expect(decided.map(({ periodStart }) => periodStart)).toEqual([at(0), at(1), at(2)]);
    expect(decided.every(({ decision }) => decision === 'paid')).toBe(true);
    expect(await payable(id)).toBe(30_000_000n);
    expect(new Set(worker.requests.map(({ challenge }) => challenge)).size).toBe(3);
    const { items } = await services.assessments.list();
    expect(items.map(({ periodStart }) => periodStart)).toEqual([at(2), at(1), at(0)]);
    expect(items[0]?.evidence).toMatchObject({ report: { worker_address: worker.address } });
    expect(await decideDue(services.assessor, worker)).toEqual([]);
    expect(await services.balances.list()).toEqual([
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
    await books.setClock(at(0, 1));
    const worker = new TestWorker();
    await create(worker);
    await books.setClock(at(2));
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ periodStart }) => periodStart)).toEqual([at(1)]);
  });

  it('asks for nothing before a period has ended', async () => {
    const worker = new TestWorker();
    await create(worker);
    await books.setClock(at(1, -1));
    expect(await decideDue(services.assessor, worker)).toEqual([]);
    expect(worker.requests).toHaveLength(0);
  });

  it('does not pay for a period with a service down, names it, and pays the next one', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    worker.downMs = { autogen_agent: 60_000n };
    await books.setClock(at(1));
    const [unpaid] = await decideDue(services.assessor, worker);
    expect(unpaid).toMatchObject({ decision: 'unpaid', reason: 'below_threshold', uptimePercentage: 50 });
    expect(unpaid?.reasonText).toContain('autogen_agent 60000 ms down');
    expect(await payable(id)).toBe(0n);

    worker.downMs = {};
    await books.setClock(at(2));
    expect(await decideDue(services.assessor, worker)).toMatchObject([
      { decision: 'paid', periodStart: at(1) },
    ]);
    expect(await payable(id)).toBe(10_000_000n);
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
    const worker = new TestWorker();
    const { id } = await create(worker);
    spoil(worker);
    await books.setClock(at(1));
    expect(await decideDue(services.assessor, worker)).toMatchObject([{ decision: 'unpaid', reason }]);
    expect(await payable(id)).toBe(0n);
    expect((await services.assessments.list()).items[0]?.evidence).not.toBeNull();
  });

  it('does not take the answer to an earlier challenge', async () => {
    const worker = new TestWorker();
    await create(worker);
    const first = worker.report({
      fromMs: BigInt(noon),
      toMs: BigInt(noon + 60_000),
      challenge: `0x${'01'.repeat(32)}`,
    });
    worker.answer = () => ({ kind: 'report', signed: first, latencyMs: 1 });
    await books.setClock(at(1));
    expect(await decideDue(services.assessor, worker)).toMatchObject([{ reason: 'stale_challenge' }]);
  });

  it('keeps a period pending while its worker is silent, and decides it when the grace is over', async () => {
    await open({ evidenceGraceSeconds: 600 });
    const worker = new TestWorker();
    const { id } = await create(worker);
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await books.setClock(at(1));
    expect(await decideDue(services.assessor, worker)).toEqual([]);
    const pending = await services.assessments.list();
    expect(pending.items).toMatchObject([
      { decision: 'pending', reason: null, reasonText: 'No report yet: connection refused', attempts: 1 },
    ]);

    await books.setClock(at(10));
    expect(
      (await decideDue(services.assessor, worker)).filter(({ periodStart }) => periodStart <= at(0)),
    ).toEqual([]);
    await books.setClock(at(11, 1_000));
    const [decided] = await decideDue(services.assessor, worker);
    expect(decided).toMatchObject({ periodStart: at(0), decision: 'unpaid', reason: 'no_evidence' });
    expect(decided?.id).toBe(pending.items[0]?.id);
    expect(await payable(id)).toBe(0n);
  });

  it('pays what the worker can still prove after a silence, within the grace', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await books.setClock(at(1));
    await decideDue(services.assessor, worker);
    worker.answer = undefined;
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(600).getTime()) });
    await books.setClock(at(600));
    while ((await decideDue(services.assessor, worker)).length > 0);
    expect(await payable(id)).toBe(6_000_000_000n);
    expect(await count('payments.assessment')).toBe(600);
    expect(await count('payments.pending_assessment')).toBe(0);
  });

  it('pays what the journals prove after a stop of three times the grace', async () => {
    await open({ evidenceGraceSeconds: 600 });
    const worker = new TestWorker();
    const { id } = await create(worker);
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    await books.setClock(at(1));
    await decideDue(services.assessor, worker);
    worker.answer = undefined;
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(31).getTime()) });
    await books.setClock(at(31));
    while ((await decideDue(services.assessor, worker)).length > 0);
    expect(await count('payments.assessment')).toBe(31);
    expect(await payable(id)).toBe(310_000_000n);
  });

  it('gives up on every period whose grace is over with one more failure, and on no other', async () => {
    await open({ evidenceGraceSeconds: 600 });
    const worker = new TestWorker();
    await create(worker);
    worker.answer = () => ({ kind: 'failed', detail: 'connection refused' });
    for (const minutes of [1, 2, 3]) {
      await books.setClock(at(minutes));
      await decideDue(services.assessor, worker);
    }
    const asked = worker.requests.length;
    await books.setClock(at(20));
    const decided = await decideDue(services.assessor, worker);
    expect(worker.requests).toHaveLength(asked + 1);
    expect(decided.length).toBeGreaterThan(0);
    expect(decided.every(({ reason, periodEnd }) => reason === 'no_evidence' && periodEnd <= at(3))).toBe(
      true,
    );
    const { items } = await services.assessments.list({ decision: 'pending' });
    expect(items.length).toBe(20 - decided.length);
  });

  it('asks again when the worker said, if it cannot speak for the period yet', async () => {
    const worker = new TestWorker();
    await create(worker);
    worker.answer = () => ({ kind: 'not-yet', retryAfterMs: 3_000, detail: 'watermark' });
    await books.setClock(at(1));
    await decideDue(services.assessor, worker);
    worker.answer = undefined;
    await books.setClock(at(1, 2_900));
    expect(await decideDue(services.assessor, worker)).toEqual([]);
    expect(worker.requests).toHaveLength(1);
    await books.setClock(at(1, 4_000));
    expect(await decideDue(services.assessor, worker)).toMatchObject([{ decision: 'paid', attempts: 2 }]);
  });

  it('cuts off a worker that never answers, without delaying another one', async () => {
    await open({ fetchTimeoutMs: 50 });
    const slow = new TestWorker();
    slow.answer = () => new Promise<never>(() => undefined);
    const quick = new TestWorker();
    await create(slow, 'slow');
    await create(quick, 'quick');
    await books.setClock(at(3));
    quick.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(3).getTime()) });
    const decided = await decideDue(
      services.assessor,
      bySource({ 'https://slow:9995': slow, 'https://quick:9995': quick }),
    );
    expect(decided.map(({ orchestratorName }) => orchestratorName)).toEqual(['quick', 'quick', 'quick']);
    expect(slow.requests).toHaveLength(1);
    expect(slow.requests[0]?.signal.aborted).toBe(true);
  });

  it('posts once when two processes assess the same books at once, again and again', async () => {
    const worker = new TestWorker();
    const names = ['a', 'b', 'c', 'd'];
    const made = await Promise.all(names.map(async (name) => ({ name, worker: new TestWorker() })));
    const ids: string[] = [];
    for (const { name, worker: own } of made) ids.push((await create(own, name)).id);
    const issuedAtMs = BigInt(at(20).getTime());
    for (const { worker: own } of made) own.change = (statement) => ({ ...statement, issuedAtMs });
    const source = bySource(
      Object.fromEntries(made.map(({ name, worker: own }) => [`https://${name}:9995`, own])),
    );
    const other = bookServices(await books.anotherReplica());
    await books.setClock(at(20));

    const turns = await Promise.all([
      decideDue(services.assessor, source),
      decideDue(other.assessor, source),
      decideDue(services.assessor, source),
      decideDue(other.assessor, source),
    ]);
    turns.push(await decideDue(other.assessor, source));

    expect(turns.flat()).toHaveLength(80);
    expect(new Set(turns.flat().map((record) => record.id)).size).toBe(80);
    for (const id of ids) expect(await payable(id)).toBe(200_000_000n);
    expect(await count('payments.assessment')).toBe(80);
    expect(worker.requests).toHaveLength(0);
  });

  it('writes nothing twice when a lease has run out and both processes hold the same report', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    const other = bookServices(await books.anotherReplica());
    let arrived = 0;
    let letGo: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (letGo = resolve));
    worker.answer = async () => {
      arrived += 1;
      if (arrived === 2) letGo();
      await both;
      return undefined;
    };
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(1).getTime()) });
    await books.setClock(at(1));
    const first = decideDue(services.assessor, worker);
    while (arrived === 0) await new Promise(setImmediate);
    await books.owner.query(`update payments.pending_assessment set next_attempt_at = '2026-01-01'`);
    const second = decideDue(other.assessor, worker);
    const decided = [...(await first), ...(await second)];
    expect(decided).toHaveLength(1);
    expect(await payable(id)).toBe(10_000_000n);
  });

  it('uses the rate that was in force when the period began, however late it is assessed', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    await books.setClock(at(2, 30_000));
    const { effectiveFrom } = await services.rates.setFor(id, { microUsdPerMinute: 1_000_000n }, 'admin');
    expect(effectiveFrom).toEqual(at(3));
    await books.setClock(at(5));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(5).getTime()) });
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ amountMicroUsd }) => amountMicroUsd)).toEqual([
      10_000_000n,
      10_000_000n,
      10_000_000n,
      1_000_000n,
      1_000_000n,
    ]);
  });

  it('stores a period that is paid nothing because the rate is zero, without a journal entry', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker, 'free', { rateMicroUsdPerMinute: 0n });
    await books.setClock(at(2));
    await decideDue(services.assessor, worker);
    const last = (await services.assessments.list({ limit: 1 })).items[0];
    expect(last).toMatchObject({ decision: 'paid', amountMicroUsd: 0n, periodStart: at(1) });
    expect(await payable(id)).toBe(0n);
    expect(await count('ledger.journal_entry')).toBe(0);
  });

  it('does not ask for periods in which the orchestrator was paused', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    await books.setClock(at(0, 1));
    await services.orchestrators.change(id, { status: 'paused' }, 'admin');
    await books.setClock(at(1, 1));
    await services.orchestrators.change(id, { status: 'active' }, 'admin');
    await books.setClock(at(3));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(3).getTime()) });
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ reason, periodStart }) => [periodStart, reason])).toEqual([
      [at(0), null],
      [at(1), 'orchestrator_paused'],
      [at(2), null],
    ]);
    expect(worker.requests).toHaveLength(2);
  });

  it('assesses only whole periods before an archive', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    await books.setClock(at(2, 30_000));
    await services.orchestrators.archive(id, 'admin');
    await books.setClock(at(9));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(9).getTime()) });
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ periodStart }) => periodStart)).toEqual([at(0), at(1)]);
    expect(await decideDue(services.assessor, worker)).toEqual([]);
  });

  it('pins the first signer of a record made from the environment, and takes no other', async () => {
    await services.orchestrators.ensureFromEnvironment([
      { serviceUri: 'https://env:9995/', workerUrl: 'http://env:9876' },
    ]);
    const worker = new TestWorker();
    await books.setClock(at(1));
    expect(await decideDue(services.assessor, worker)).toMatchObject([{ decision: 'paid' }]);
    const [orchestrator] = (await services.orchestrators.list()).items;
    expect(orchestrator).toMatchObject({ name: 'env:9995', workerAddress: worker.address });
    expect((await services.audit.list()).items[0]).toMatchObject({
      action: 'worker pinned',
      actor: 'assessor',
      after: { worker_address: worker.address },
    });
    await books.setClock(at(2));
    expect(await decideDue(services.assessor, new TestWorker())).toMatchObject([{ reason: 'wrong_worker' }]);

    const { id } = orchestrator!;
    const next = new TestWorker();
    await services.orchestrators.acceptWorker(id, next.address, 'admin');
    await books.setClock(at(4));
    next.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(4).getTime()) });
    expect(await decideDue(services.assessor, next)).toMatchObject([
      { reason: 'wrong_worker' },
      { decision: 'paid' },
    ]);
  });

  it('pins one signer when several periods of a new record arrive at once', async () => {
    await services.orchestrators.ensureFromEnvironment([{ serviceUri: 'https://env:9995', workerUrl: null }]);
    const [one, two] = [new TestWorker(), new TestWorker()];
    for (const worker of [one, two]) {
      worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(2).getTime()) });
    }
    let turn = 0;
    await books.setClock(at(2));
    const decided = await decideDue(services.assessor, {
      fetch: (request) => (turn++ === 0 ? one : two).fetch(request),
    });
    expect(decided).toMatchObject([{ decision: 'paid' }, { decision: 'unpaid', reason: 'wrong_worker' }]);
  });

  it.each([
    ['once', false, ['paid', 'unpaid']],
    ['for each orchestrator, when that is allowed', true, ['paid', 'paid']],
  ])('lets one worker earn in a period %s', async (_what, allowSharedWorkers, decisions) => {
    await open({ allowSharedWorkers });
    const worker = new TestWorker();
    await services.orchestrators.ensureFromEnvironment([
      { serviceUri: 'https://one:9995', workerUrl: 'http://same:9876' },
      { serviceUri: 'https://two:9995', workerUrl: 'http://same:9876' },
    ]);
    await books.setClock(at(1));
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ decision }) => decision).sort()).toEqual(decisions);
    expect(decided.filter(({ reason }) => reason === 'shared_worker')).toHaveLength(
      allowSharedWorkers ? 0 : 1,
    );
  });

  it('pays a worker that moved to another orchestrator once for a period that both were due', async () => {
    const worker = new TestWorker();
    // With other containers each time, so that they do not give it away.
    worker.engineId = '';
    worker.containerIds = (service) => [`${service} ${randomUUID()}`];
    const { id } = await create(worker, 'old');
    await books.setClock(at(1));
    await services.orchestrators.archive(id, 'admin');
    await create(worker, 'new');
    // As if the new record had been made before the period, which the rules of creation prevent.
    await books.owner.query(
      `insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
         select id, $1, $2, $1 from payments.orchestrator where service_uri = 'https://new:9995'`,
      [at(0), at(1)],
    );
    await books.owner.query(
      `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         select orchestrator_id, fact, value, $1, 'test' from payments.orchestrator_fact where fact <> 'status'`,
      [at(0)],
    );
    await books.owner.query(
      `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         select id, 'status', 'active', $1, 'test' from payments.orchestrator where service_uri = 'https://new:9995'`,
      [at(0)],
    );
    const decided = await decideDue(services.assessor, worker);
    expect(decided.map(({ decision, reason }) => [decision, reason]).sort()).toEqual([
      ['paid', null],
      ['unpaid', 'shared_worker'],
    ]);
  });

  it('stops asking when the process stops, and leaves the rest to the next one', async () => {
    const worker = new TestWorker();
    await create(worker);
    await books.setClock(at(5));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(5).getTime()) });
    const stopping = new AbortController();
    worker.answer = () => {
      if (worker.requests.length === 2) stopping.abort();
      return undefined;
    };
    const decided = await decideDue(services.assessor, worker, stopping.signal);
    expect(decided.length).toBeLessThanOrEqual(2);
    worker.answer = undefined;
    const rest = await decideDue(services.assessor, worker);
    expect(decided.length + rest.length).toBe(5);
  });

  it('drops a period whose time has been assessed before in a longer one', async () => {
    const worker = new TestWorker();
    const { id } = await create(worker);
    await books.setClock(at(1));
    await decideDue(services.assessor, worker);
    await books.owner.query(
      `insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
         values ($1, $2, $3, $2)`,
      [id, at(0, 10_000), at(0, 20_000)],
    );
    expect(await decideDue(services.assessor, worker)).toEqual([]);
    expect(await payable(id)).toBe(10_000_000n);
    expect(await count('payments.pending_assessment')).toBe(0);
  });

  it('keeps what was decided, and all that it was decided from, append-only', async () => {
    const worker = new TestWorker();
    await create(worker);
    await books.setClock(at(1));
    await decideDue(services.assessor, worker);
    const run = (sql: string): Promise<unknown> => books.owner.query(sql);
    for (const [table, change] of [
      ['orchestrator', "service_uri = 'https://other'"],
      ['orchestrator_fact', "value = 'other'"],
      ['rate', 'micro_usd_per_minute = 1'],
      ['policy', 'threshold_bp = 1'],
      ['assessment', 'amount_micro_usd = 1'],
      ['evidence', 'latency_ms = 1'],
      ['audit', "actor = 'nobody'"],
    ] as const) {
      expect(await count(`payments.${table}`)).toBeGreaterThan(0);
      await expect(run(`update payments.${table} set ${change}`)).rejects.toThrow(/append-only/);
      await expect(run(`delete from payments.${table}`)).rejects.toThrow(/append-only/);
      await expect(run(`truncate payments.${table} cascade`)).rejects.toThrow(/append-only/);
    }
    await expect(run(`update payments.book set ledger_id = gen_random_uuid()`)).rejects.toThrow(
      /append-only/,
    );
  });
});
