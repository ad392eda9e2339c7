import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import type { NewOrchestrator } from './orchestrator.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);
const [one, two, three] = [new TestWorker(), new TestWorker(), new TestWorker()].map(
  ({ address }) => address,
);

describe('orchestrators', () => {
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

  const input = (change: Partial<NewOrchestrator> = {}): NewOrchestrator => ({
    serviceUri: 'https://172.23.0.7:9995/',
    workerUrl: 'http://172.23.0.7:9876/',
    workerAddress: one!,
    ...change,
  });
  const inForce = (id: string, seconds: number): Promise<string | null> =>
    services.orchestrators.payoutAddressInForce(books.database.dataSource, id, at(seconds));

  it('makes a record with the defaults in force, named by its host', async () => {
    const made = await services.orchestrators.create(input(), 'admin');
    expect(made).toMatchObject({
      name: '172.23.0.7:9995',
      serviceUri: 'https://172.23.0.7:9995',
      workerUrl: 'http://172.23.0.7:9876',
      workerAddress: one,
      payoutAddress: null,
      nextPayoutAddress: null,
      payoutAddressEffectiveFrom: null,
      status: 'active',
      rateMicroUsdPerMinute: 10_000_000n,
      minUptimeBasisPoints: 9_500n,
      aggregation: 'mean',
      requiredServices: ['autogen_agent', 'redis_scb'],
      createdAt: at(30),
    });
    expect(await services.orchestrators.get(made.id)).toEqual(made);
    expect((await services.audit.list()).items).toMatchObject([
      { action: 'orchestrator created', actor: 'admin', subject: `orchestrator/${made.id}` },
    ]);
  });

  it('takes terms of its own, and gives them back', async () => {
    const { id } = await services.orchestrators.create(
      input({ rateMicroUsdPerMinute: 5_000_000n, minUptimeBasisPoints: 9_900n, requiredServices: ['a'] }),
      'admin',
    );
    expect(await services.orchestrators.get(id)).toMatchObject({
      rateMicroUsdPerMinute: 5_000_000n,
      minUptimeBasisPoints: 9_900n,
      requiredServices: ['a'],
    });
    const change = { rateMicroUsdPerMinute: null, minUptimeBasisPoints: null };
    expect(await services.orchestrators.change(id, change, 'admin')).toMatchObject({
      rateMicroUsdPerMinute: 10_000_000n,
      minUptimeBasisPoints: 9_500n,
      requiredServices: ['a'],
    });
  });

  it.each([
    ['service_uri', { serviceUri: 'ftp://x' }],
    ['worker_url', { workerUrl: 'not a url' }],
    ['worker_address', { workerAddress: '0x12' }],
    ['payout_address', { payoutAddress: '0x12' }],
    ['rate_usd_per_minute', { rateMicroUsdPerMinute: 100_000_001n }],
    ['min_uptime', { minUptimeBasisPoints: 10_000n }],
    ['required_services', { requiredServices: [] }],
    ['required_services', { requiredServices: ['a', 'a'] }],
    ['name', { name: '' }],
  ])('refuses a bad %s and stores nothing', async (field, change) => {
    await expect(services.orchestrators.create(input(change), 'admin')).rejects.toMatchObject({
      name: 'RuleError',
      field,
    });
    expect((await services.orchestrators.list()).items).toEqual([]);
  });

  it('refuses a worker that another orchestrator has, until that one is archived', async () => {
    const { id } = await services.orchestrators.create(input(), 'admin');
    const second = input({ serviceUri: 'https://two:9995' });
    await expect(services.orchestrators.create(second, 'admin')).rejects.toMatchObject({
      name: 'WorkerAddressTakenError',
      orchestratorId: id,
    });
    await services.orchestrators.archive(id, 'admin');
    await expect(services.orchestrators.create(second, 'admin')).resolves.toMatchObject({
      workerAddress: one,
    });
  });

  it('gives a worker to one of two that ask for it at the same time', async () => {
    const asked = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) =>
        services.orchestrators.create(input({ serviceUri: `https://${name}:9995` }), 'admin'),
      ),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('lets orchestrators share a worker where that is allowed', async () => {
    const sharing = bookServices(books.database, { allowSharedWorkers: true });
    await sharing.orchestrators.create(input(), 'admin');
    await sharing.orchestrators.create(input({ serviceUri: 'https://two:9995' }), 'admin');
    expect((await sharing.orchestrators.list()).items).toHaveLength(2);
  });

  it('refuses a second record with the same service URI, however it is spelled', async () => {
    await services.orchestrators.create(input(), 'admin');
    const again = input({ serviceUri: 'HTTPS://172.23.0.7:9995', workerAddress: two! });
    await expect(services.orchestrators.create(again, 'admin')).rejects.toMatchObject({
      name: 'ConflictError',
      field: 'service_uri',
    });
  });

  it('lets a payout address wait for its time; the one in force stays until then', async () => {
    const { id } = await services.orchestrators.create(input({ payoutAddress: two! }), 'admin');
    expect(await inForce(id, 30)).toBeNull();
    expect(await inForce(id, 30 + 86_400)).toBe(two);
    expect(await services.orchestrators.get(id)).toMatchObject({
      payoutAddress: null,
      nextPayoutAddress: two,
      payoutAddressEffectiveFrom: at(30 + 86_400),
    });

    await books.setClock(at(100_000));
    expect(await services.orchestrators.get(id)).toMatchObject({
      payoutAddress: two,
      nextPayoutAddress: null,
      payoutAddressEffectiveFrom: at(30 + 86_400),
    });
    expect(await services.orchestrators.change(id, { payoutAddress: three! }, 'mallory')).toMatchObject({
      payoutAddress: two,
      nextPayoutAddress: three,
      payoutAddressEffectiveFrom: at(100_000 + 86_400),
    });
    expect(await inForce(id, 100_000 + 86_399)).toBe(two);
    await books.setClock(at(110_000));
    await services.orchestrators.change(id, { payoutAddress: two! }, 'admin');
    expect(await inForce(id, 100_000 + 86_401)).toBe(two);
    expect(await inForce(id, 900_000)).toBe(two);
  });

  it('drops an address that waits when another one is set', async () => {
    const { id } = await services.orchestrators.create(input({ payoutAddress: two! }), 'admin');
    await books.setClock(at(3_600));
    await services.orchestrators.change(id, { payoutAddress: three! }, 'admin');
    expect(await inForce(id, 30 + 86_400)).toBeNull();
    expect(await inForce(id, 3_600 + 86_400)).toBe(three);
  });

  it('announces a payout address, and what becomes of one that waits', async () => {
    const announced = async () =>
      (await services.alerts.list()).items.map(({ details, resolvedAt }) => ({
        details,
        open: resolvedAt === null,
      }));
    const { id } = await services.orchestrators.create(input({ payoutAddress: two! }), 'admin');
    const details = {
      before: null,
      after: two,
      effective_from: at(30 + 86_400).toISOString(),
      actor: 'admin',
    };
    expect(await announced()).toEqual([{ details, open: true }]);

    // Said again it is no change, and does not wait any longer for it.
    await books.setClock(at(60));
    await services.orchestrators.change(id, { payoutAddress: two! }, 'admin');
    expect(await announced()).toEqual([{ details, open: true }]);

    await services.orchestrators.change(id, { payoutAddress: three! }, 'mallory');
    const change = {
      ...details,
      after: three,
      effective_from: at(60 + 86_400).toISOString(),
      actor: 'mallory',
    };
    expect(await announced()).toEqual([
      { details: change, open: true },
      { details, open: false },
    ]);

    expect(await services.orchestrators.change(id, { payoutAddress: null }, 'admin')).toMatchObject({
      payoutAddress: null,
      nextPayoutAddress: null,
    });
    expect((await announced()).filter(({ open }) => open)).toEqual([]);
    expect(await inForce(id, 900_000)).toBeNull();
  });

  it('takes an address away at once, and says so', async () => {
    const { id } = await services.orchestrators.create(input({ payoutAddress: two! }), 'admin');
    await books.setClock(at(100_000));
    expect(await services.orchestrators.change(id, { payoutAddress: null }, 'admin')).toMatchObject({
      payoutAddress: null,
      payoutAddressEffectiveFrom: at(100_000),
    });
    expect((await services.alerts.list({ limit: 1 })).items).toMatchObject([
      {
        kind: 'payout_address_changed',
        details: { before: two, after: null },
        openedAt: at(100_000),
        resolvedAt: at(100_000),
      },
    ]);
  });

  it('keeps an archived one as it is', async () => {
    const { id } = await services.orchestrators.create(input(), 'admin');
    expect(await services.orchestrators.archive(id, 'admin')).toMatchObject({ status: 'archived' });
    await expect(services.orchestrators.change(id, { name: 'x' }, 'admin')).rejects.toMatchObject({
      name: 'ConflictError',
    });
    await expect(services.orchestrators.archive(id, 'admin')).rejects.toMatchObject({
      name: 'ConflictError',
    });
  });

  it('knows nothing of an id that was never given', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    await expect(services.orchestrators.get(id)).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(services.orchestrators.change(id, {}, 'admin')).rejects.toMatchObject({
      name: 'NotFoundError',
    });
    await expect(services.rates.setFor(id, { microUsdPerMinute: 1n }, 'admin')).rejects.toMatchObject({
      name: 'NotFoundError',
    });
  });

  it('audits each change with what was and what is', async () => {
    const { id } = await services.orchestrators.create(input(), 'admin');
    await services.orchestrators.change(id, { name: 'renamed', workerUrl: null }, 'alice');
    expect((await services.audit.list({ limit: 1 })).items).toMatchObject([
      {
        actor: 'alice',
        action: 'orchestrator changed',
        before: { name: '172.23.0.7:9995', workerUrl: 'http://172.23.0.7:9876' },
        after: { name: 'renamed', workerUrl: null },
      },
    ]);
  });

  it('lists page by page, the oldest first, each once', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await services.orchestrators.create(
        input({ serviceUri: `https://${name}:9995`, workerAddress: new TestWorker().address }),
        'admin',
      );
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await services.orchestrators.list({ limit: 2, cursor });
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
    await expect(services.orchestrators.list({ cursor: 'nonsense' })).rejects.toMatchObject({
      field: 'cursor',
    });
  });

  describe('from the environment', () => {
    const ensure = (workerUrl: string | null, payoutAddress: string | null = null): Promise<void> =>
      services.orchestrators.ensureFromEnvironment([
        { serviceUri: 'https://env:9995/', workerUrl, payoutAddress },
      ]);

    it('are made once, however often and however many processes start', async () => {
      const other = bookServices(await books.anotherReplica());
      await Promise.all([
        ensure('http://env:9876'),
        other.orchestrators.ensureFromEnvironment([
          { serviceUri: 'https://env:9995', workerUrl: 'http://env:9876' },
        ]),
      ]);
      await ensure('http://env:9876');
      expect((await services.orchestrators.list()).items).toMatchObject([
        { name: 'env:9995', workerUrl: 'http://env:9876', workerAddress: null },
      ]);
      expect((await services.audit.list()).items).toHaveLength(1);
    });

    it('follow what the environment had set, not what a person has set since', async () => {
      await ensure('http://env:9876', two);
      await ensure('http://env:9999', three);
      const [made] = (await services.orchestrators.list()).items;
      expect(made).toMatchObject({ workerUrl: 'http://env:9999', nextPayoutAddress: three });
      await services.orchestrators.change(
        made!.id,
        { workerUrl: 'http://mine:1', payoutAddress: one! },
        'admin',
      );
      await ensure('http://env:9876', two);
      expect(await services.orchestrators.get(made!.id)).toMatchObject({
        workerUrl: 'http://mine:1',
        nextPayoutAddress: one,
      });
    });

    it('are not made again after they were archived', async () => {
      await ensure('http://env:9876');
      const [made] = (await services.orchestrators.list()).items;
      await services.orchestrators.archive(made!.id, 'admin');
      await ensure('http://env:9876');
      expect((await services.orchestrators.list()).items).toMatchObject([{ status: 'archived' }]);
    });
  });
});
