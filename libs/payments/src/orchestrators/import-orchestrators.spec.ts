import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import type { NewOrchestrator, Orchestrator } from './orchestrator.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);

describe('the import of orchestrators', () => {
  let books: TestBooks;
  let services: BookServices;

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(at(30));
    services = bookServices(books.database);
    await services.books.open();
  });
  afterEach(async () => {
    await books.close();
  });

  const draft = (name: string, change: Partial<NewOrchestrator> = {}): NewOrchestrator => ({
    serviceUri: `https://${name}:9995`,
    workerAddress: new TestWorker().address,
    ...change,
  });
  const importAll = (drafts: readonly NewOrchestrator[], dryRun = false) =>
    services.orchestrators.import(
      drafts.map((one, row) => ({ row, draft: one })),
      'admin',
      { dryRun },
    );
  const count = async () => (await services.orchestrators.list()).items.length;

  it('makes the same record as making each on its own', async () => {
    const terms = {
      name: 'a',
      workerUrl: 'http://a:9876/',
      payoutAddress: new TestWorker().address,
      rateMicroUsdPerMinute: 5n,
      minUptimeBasisPoints: 9_900n,
      requiredServices: ['x', 'y, "z"'],
    };
    const alone = await services.orchestrators.create(draft('alone', terms), 'admin');
    const { rows } = await importAll([draft('listed', terms), draft('plain')]);
    const listed = await services.orchestrators.get(rows[0]?.orchestratorId ?? '');
    const { id: _a, serviceUri: _b, workerAddress: _c, ...same } = alone;
    expect(listed).toMatchObject(same);
    expect(await services.orchestrators.get(rows[1]?.orchestratorId ?? '')).toMatchObject({
      name: 'plain:9995',
      rateMicroUsdPerMinute: 10_000_000n,
      requiredServices: ['autogen_agent', 'redis_scb'],
    });
  });

  it('opens the first period of each at the next boundary, and it earns', async () => {
    const worker = new TestWorker();
    const { rows } = await importAll([draft('a', { workerAddress: worker.address })]);
    await books.setClock(at(125));
    await services.assessor.assessDue(worker);
    const { items } = await services.assessments.list({ orchestratorId: rows[0]?.orchestratorId ?? '' });
    expect(items).toMatchObject([{ periodStart: at(60), decision: 'paid' }]);
  });

  it('has an audit entry for each payee, and announces all payout addresses as one act', async () => {
    const payoutAddress = new TestWorker().address;
    const { rows } = await importAll([
      draft('a', { payoutAddress }),
      draft('b'),
      draft('c', { payoutAddress }),
    ]);
    const entries = (await services.audit.list()).items;
    expect(entries.map(({ action, subject, actor }) => [action, subject, actor]).reverse()).toEqual(
      rows.map(({ orchestratorId }) => ['orchestrator created', `orchestrator/${orchestratorId}`, 'admin']),
    );
    expect((await services.alerts.list()).items).toMatchObject([
      {
        kind: 'payout_address_changed',
        subject: expect.stringMatching(/^import\//),
        text: expect.stringContaining('admin imported 2 payees with payout addresses'),
        details: { count: 2, effective_from: at(30 + 86_400).toISOString(), first: expect.any(Array) },
      },
    ]);
  });

  it('is harmless when it is repeated, also after a person has added what the list leaves out', async () => {
    const drafts = [draft('a'), draft('b', { name: 'bee', rateMicroUsdPerMinute: 7n })];
    const first = await importAll(drafts);
    await services.orchestrators.change(
      first.rows[0]?.orchestratorId ?? '',
      { name: 'renamed', workerUrl: 'http://x:1', payoutAddress: new TestWorker().address },
      'admin',
    );
    const before = (await services.audit.list()).items.length;
    expect(await importAll(drafts)).toMatchObject({ created: 0, unchanged: 2 });
    expect((await services.audit.list()).items.length).toBe(before);
  });

  it.each<[string, Partial<NewOrchestrator>]>([
    ['name', { name: 'other' }],
    ['worker_url', { workerUrl: 'http://other:1' }],
    ['worker_address', { workerAddress: new TestWorker().address }],
    ['payout_address', { payoutAddress: new TestWorker().address }],
    ['rate_usd_per_minute', { rateMicroUsdPerMinute: 1n }],
    ['min_uptime', { minUptimeBasisPoints: 1n }],
    ['required_services', { requiredServices: ['other'] }],
  ])('is refused when the %s of a payee that exists differs, and names it', async (field, change) => {
    const known = draft('a', { name: 'a', payoutAddress: new TestWorker().address });
    const { id }: Orchestrator = await services.orchestrators.create(known, 'admin');
    await expect(importAll([{ ...known, ...change }, draft('b')])).rejects.toMatchObject({
      name: 'ImportRefusedError',
      faults: [{ row: 0, kind: 'conflict', field, detail: expect.stringContaining(id) }],
    });
    expect(await count()).toBe(1);
  });

  it('makes a new record where the one with the service URI or the worker is archived', async () => {
    const old = draft('a');
    const { id } = await services.orchestrators.create(old, 'admin');
    await services.orchestrators.archive(id, 'admin');
    expect(await importAll([{ ...old, name: 'again' }])).toMatchObject({ created: 1, unchanged: 0 });
  });

  it('names all faults of all rows at once', async () => {
    const taken = await services.orchestrators.create(draft('taken'), 'admin');
    const twice = new TestWorker().address;
    const refused = importAll([
      draft('a', { workerAddress: twice }),
      draft('b', { workerAddress: twice, rateMicroUsdPerMinute: 100_000_001n }),
      draft('c', { workerAddress: taken.workerAddress ?? '' }),
      draft('a', { requiredServices: [] }),
      draft('d', { workerAddress: twice, serviceUri: 'HTTPS://A:9995/' }),
    ]);
    await expect(refused).rejects.toMatchObject({
      faults: [
        { row: 1, kind: 'rule', field: 'rate_usd_per_minute' },
        { row: 2, kind: 'conflict', field: 'worker_address' },
        { row: 3, kind: 'rule', field: 'required_services' },
        { row: 4, kind: 'rule', field: 'service_uri' },
        { row: 4, kind: 'rule', field: 'worker_address' },
      ],
    });
    expect(await count()).toBe(1);
  });

  it('lets workers be shared where that is allowed', async () => {
    const sharing = bookServices(books.database, { allowSharedWorkers: true });
    const workerAddress = new TestWorker().address;
    const rows = ['a', 'b'].map((name, row) => ({ row, draft: draft(name, { workerAddress }) }));
    expect(await sharing.orchestrators.import(rows, 'admin')).toMatchObject({ created: 2 });
  });

  it('is done once by two that import the same list at the same time', async () => {
    const drafts = Array.from({ length: 20 }, (_, index) => draft(`at-once-${index}`));
    const reports = await Promise.all([importAll(drafts), importAll(drafts)]);
    expect(reports.map(({ created }) => created).sort((a, b) => a - b)).toEqual([0, 20]);
    expect(await count()).toBe(20);
  });

  it('changes nothing in a dry run, and finds the same faults', async () => {
    expect(await importAll([draft('a')], true)).toMatchObject({
      dryRun: true,
      created: 1,
      rows: [{ outcome: 'created', orchestratorId: null }],
    });
    expect(await count()).toBe(0);
    await expect(importAll([draft('a'), draft('a')], true)).rejects.toMatchObject({
      name: 'ImportRefusedError',
    });
  });
});
