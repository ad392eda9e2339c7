import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);

describe('rates and policies', () => {
  let books: TestBooks;
  let services: BookServices;
  let orchestratorId: string;

  beforeAll(async () => {
    books = await openTestBooks();
    services = bookServices(books.database);
    await services.books.open();
  });
  beforeEach(async () => {
    await books.setClock(at(30));
    const worker = new TestWorker();
    const input = { serviceUri: `https://w${worker.address}:9995`, workerAddress: worker.address };
    ({ id: orchestratorId } = await services.orchestrators.create(input, 'admin'));
  });
  afterAll(async () => {
    await books.close();
  });

  it('take effect at the next boundary of a period; the past keeps what was in force', async () => {
    const rate = await services.rates.setFor(orchestratorId, { microUsdPerMinute: 7n }, 'admin');
    expect(rate).toMatchObject({
      orchestratorId,
      microUsdPerMinute: 7n,
      effectiveFrom: at(60),
      createdAt: at(30),
      actor: 'admin',
    });
    expect(await services.rates.inForce(orchestratorId, at(59))).toMatchObject({
      microUsdPerMinute: 10_000_000n,
    });
    expect(await services.rates.inForce(orchestratorId, at(60))).toMatchObject({ microUsdPerMinute: 7n });
  });

  it('never change the period that has just begun', async () => {
    await books.setClock(at(60));
    const { effectiveFrom } = await services.rates.setFor(orchestratorId, { microUsdPerMinute: 7n }, 'admin');
    expect(effectiveFrom).toEqual(at(120));
  });

  it('take effect later when that is asked for', async () => {
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: 7n, effectiveFrom: at(600) }, 'admin');
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: 8n }, 'admin');
    const inForce = async (seconds: number): Promise<bigint> =>
      (await services.rates.inForce(orchestratorId, at(seconds))).microUsdPerMinute;
    expect([await inForce(59), await inForce(60), await inForce(599), await inForce(600)]).toEqual([
      10_000_000n,
      8n,
      8n,
      7n,
    ]);
  });

  it.each([
    ['in the past', -60],
    ['now', 30],
    ['between two boundaries', 630],
  ])('refuse a start %s', async (_what, seconds) => {
    const effectiveFrom = at(seconds);
    const refusal = { name: 'RuleError', field: 'effective_from' };
    await expect(
      services.rates.setDefault({ microUsdPerMinute: 7n, effectiveFrom }, 'admin'),
    ).rejects.toMatchObject(refusal);
    await expect(
      services.policies.setDefault({ minUptimeBasisPoints: 1n, effectiveFrom }, 'admin'),
    ).rejects.toMatchObject(refusal);
  });

  it.each([-1n, 100_000_001n])('refuse %s micro-dollars, beyond MAX_RATE_USD', async (microUsdPerMinute) => {
    await expect(services.rates.setDefault({ microUsdPerMinute }, 'admin')).rejects.toMatchObject({
      name: 'RuleError',
      field: 'usd_per_minute',
    });
  });

  it('follow the default again when an own rate is taken back', async () => {
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: 7n }, 'admin');
    await books.setClock(at(90));
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: null }, 'admin');
    expect(await services.rates.inForce(orchestratorId, at(119))).toMatchObject({ microUsdPerMinute: 7n });
    expect(await services.rates.inForce(orchestratorId, at(120))).toMatchObject({
      microUsdPerMinute: 10_000_000n,
    });
  });

  it('are audited and listed, the newest first', async () => {
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: 7n }, 'alice');
    await services.rates.setFor(orchestratorId, { microUsdPerMinute: 8n }, 'bob');
    const page = await services.rates.list({ limit: 1, orchestratorId });
    expect(page.items).toMatchObject([{ microUsdPerMinute: 8n, actor: 'bob' }]);
    const rest = await services.rates.list({ orchestratorId, cursor: page.nextCursor });
    expect(rest).toMatchObject({ items: [{ microUsdPerMinute: 7n, actor: 'alice' }], nextCursor: null });
    expect((await services.audit.list({ limit: 1 })).items).toMatchObject([
      {
        actor: 'bob',
        action: 'rate changed',
        subject: `orchestrator/${orchestratorId}`,
        before: { usd_per_minute: '0.000007' },
        after: { usd_per_minute: '0.000008', effective_from: at(60).toISOString() },
      },
    ]);
  });

  it('let an orchestrator differ from the default policy in one point only', async () => {
    await services.policies.setFor(orchestratorId, { requiredServices: ['only_this'] }, 'admin');
    await services.policies.setDefault({ minUptimeBasisPoints: 8_000n, aggregation: 'all' }, 'admin');
    expect(await services.policies.inForce(orchestratorId, at(60))).toMatchObject({
      minUptimeBasisPoints: 8_000n,
      aggregation: 'all',
      requiredServices: ['only_this'],
    });
    expect(await services.policies.inForce(orchestratorId, at(59))).toMatchObject({
      minUptimeBasisPoints: 9_500n,
      ownId: null,
    });
    expect(await services.policies.inForce(null, at(60))).toMatchObject({
      requiredServices: ['autogen_agent', 'redis_scb'],
    });
  });

  it('refuse to leave the default without an answer', async () => {
    await expect(services.policies.setDefault({ aggregation: null }, 'admin')).rejects.toMatchObject({
      name: 'RuleError',
    });
    await expect(services.rates.setDefault({ microUsdPerMinute: null }, 'admin')).rejects.toMatchObject({
      name: 'RuleError',
    });
  });
});
