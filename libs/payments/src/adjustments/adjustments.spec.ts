import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { account } from '../ledger/account.js';
import { MAX_ADJUSTMENT_MICRO_USD } from './adjustment.js';
import { Adjustments } from './adjustments.js';

const noon = new Date(Date.UTC(2026, 10, 22, 12, 0));

describe('adjustments', () => {
  let books: TestBooks;
  let services: BookServices;
  let adjustments: Adjustments;
  let orchestratorId: string;

  const on = ({ ledger, books: book, audit }: BookServices, database = books.database) =>
    new Adjustments(database, ledger, book, audit);

  beforeAll(async () => {
    books = await openTestBooks();
    await books.setClock(noon);
    services = bookServices(books.database);
    await services.books.open();
    adjustments = on(services);
  });
  afterAll(async () => {
    await books.close();
  });
  beforeEach(async () => {
    const { address } = new TestWorker();
    const input = { serviceUri: `https://w${address}:9995`, workerAddress: address };
    orchestratorId = (await services.orchestrators.create(input, 'admin')).id;
  });

  const balance = (code: string) => services.ledger.balance(books.database.dataSource, code);
  const post = (amountMicroUsd: bigint, idempotencyKey?: string, reason = 'a bonus') =>
    adjustments.post({ orchestratorId, amountMicroUsd, reason, idempotencyKey }, 'admin');

  it('raise and cut what is payable, each by an entry of its own', async () => {
    const { adjustment, created } = await post(7n);
    expect(created).toBe(true);
    expect(adjustment).toEqual({
      id: expect.any(String),
      orchestratorId,
      amountMicroUsd: 7n,
      reason: 'a bonus',
      actor: 'admin',
      createdAt: noon,
      payableAfterMicroUsd: 7n,
    });
    expect((await post(-10n)).adjustment).toMatchObject({ amountMicroUsd: -10n, payableAfterMicroUsd: -3n });
    expect(await balance(account.payable(orchestratorId))).toBe(-3n);
    expect(await balance(account.adjustments(orchestratorId))).toBe(-3n);
    expect(
      (await services.balances.list()).find((item) => item.orchestratorId === orchestratorId),
    ).toMatchObject({
      adjustedMicroUsd: -3n,
      payableMicroUsd: -3n,
      paidMicroUsd: 0n,
    });
  });

  it('are made once under one key, however often and however concurrently, on any replica', async () => {
    const other = await books.anotherReplica();
    const replica = on(bookServices(other), other);
    const input = {
      orchestratorId,
      amountMicroUsd: 5n,
      reason: 'a bonus',
      idempotencyKey: `once/${orchestratorId}`,
    };
    const posted = await Promise.all(
      [adjustments, replica, adjustments, replica].map((one) => one.post(input, 'admin')),
    );
    expect(posted.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(posted.map(({ adjustment }) => adjustment.id)).size).toBe(1);
    await books.setClock(new Date(noon.getTime() + 60_000));
    expect(await post(5n, input.idempotencyKey)).toEqual({
      adjustment: posted[0]?.adjustment,
      created: false,
    });
    await books.setClock(noon);
    expect(await balance(account.payable(orchestratorId))).toBe(5n);
  });

  it.each([
    ['amount', () => post(6n, `${orchestratorId}/key`)],
    ['reason', () => post(5n, `${orchestratorId}/key`, 'another reason')],
    [
      'orchestrator',
      async () => {
        const key = `${orchestratorId}/key`;
        const { address } = new TestWorker();
        const input = { serviceUri: `https://w${address}:9995`, workerAddress: address };
        const { id } = await services.orchestrators.create(input, 'admin');
        return adjustments.post(
          { orchestratorId: id, amountMicroUsd: 5n, reason: 'a bonus', idempotencyKey: key },
          'admin',
        );
      },
    ],
  ])('refuse a known key with another %s', async (_what, again) => {
    await post(5n, `${orchestratorId}/key`);
    await expect(again()).rejects.toMatchObject({ name: 'RuleError', field: 'Idempotency-Key' });
    expect(await balance(account.payable(orchestratorId))).toBe(5n);
  });

  it('are two without a key', async () => {
    await post(5n);
    await post(5n);
    expect(await balance(account.payable(orchestratorId))).toBe(10n);
  });

  it.each([
    ['amount_usd', 'zero', { amountMicroUsd: 0n }],
    ['amount_usd', 'more than the bound', { amountMicroUsd: MAX_ADJUSTMENT_MICRO_USD + 1n }],
    ['amount_usd', 'less than the bound', { amountMicroUsd: -MAX_ADJUSTMENT_MICRO_USD - 1n }],
    ['reason', 'no words', { reason: '  ab  ' }],
    ['reason', 'too many words', { reason: 'x'.repeat(501) }],
    ['Idempotency-Key', 'an empty key', { idempotencyKey: '' }],
    ['Idempotency-Key', 'a key that cannot be printed', { idempotencyKey: 'a\u0007b' }],
  ])('refuse a bad %s: %s', async (field, _what, change) => {
    const input = { orchestratorId, amountMicroUsd: 1n, reason: 'a bonus', ...change };
    await expect(adjustments.post(input, 'admin')).rejects.toMatchObject({ name: 'RuleError', field });
  });

  it('take the bound itself', async () => {
    expect((await post(MAX_ADJUSTMENT_MICRO_USD)).created).toBe(true);
    expect((await post(-MAX_ADJUSTMENT_MICRO_USD)).adjustment.payableAfterMicroUsd).toBe(0n);
  });

  it('know nothing of an orchestrator that does not exist, and take an archived one', async () => {
    await expect(
      adjustments.post({ orchestratorId: randomUUID(), amountMicroUsd: 1n, reason: 'a bonus' }, 'admin'),
    ).rejects.toMatchObject({ name: 'NotFoundError' });
    await services.orchestrators.archive(orchestratorId, 'admin');
    expect((await post(3n)).created).toBe(true);
  });

  it('are audited with what was payable before and after', async () => {
    await post(2_000_000n);
    const { adjustment } = await post(-500_000n, undefined, 'paid twice');
    expect((await services.audit.list({ limit: 1 })).items).toMatchObject([
      {
        actor: 'admin',
        action: 'balance adjusted',
        subject: `orchestrator/${orchestratorId}`,
        before: { payable_usd: '2.000000' },
        after: {
          adjustment_id: adjustment.id,
          amount_usd: '-0.500000',
          reason: 'paid twice',
          payable_usd: '1.500000',
        },
      },
    ]);
  });

  it('are listed page by page, the newest first, for one or for all', async () => {
    for (const amount of [1n, 2n, 3n]) await post(amount);
    const first = await adjustments.list({ orchestratorId, limit: 2 });
    expect(first.items.map(({ amountMicroUsd }) => amountMicroUsd)).toEqual([3n, 2n]);
    const second = await adjustments.list({ orchestratorId, limit: 2, cursor: first.nextCursor });
    expect(second).toMatchObject({ items: [{ amountMicroUsd: 1n }], nextCursor: null });
    expect((await adjustments.list({ limit: 1 })).items).toEqual(first.items.slice(0, 1));
  });
});
