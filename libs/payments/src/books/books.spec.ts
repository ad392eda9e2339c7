import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';

import { Database, DatabaseModule, DatabaseUnavailableError } from '#platform/database';

import { bookServices, openTestBooks, testBooksOptions, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { Assessor } from '../assessments/assessor.js';
import { paymentsMigrations } from '../migrations/folder.js';
import { Orchestrators } from '../orchestrators/orchestrators.js';
import { BooksModule } from './books.module.js';
import { Books } from './books.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);

describe('the books', () => {
  let books: TestBooks;
  beforeEach(async () => {
    books = await openTestBooks();
  });
  afterEach(async () => {
    await books.close();
  });

  it('keep their identity and their first rate, whatever the environment says later', async () => {
    const first = await bookServices(books.database).books.open();
    const later = bookServices(books.database, { basePaymentMicroUsd: 1n, minServiceUptimeBasisPoints: 1n });
    expect(await later.books.open()).toEqual(first);
    expect(await later.books.current()).toEqual(first);
    expect(await later.rates.inForce(null, at(0))).toMatchObject({ microUsdPerMinute: 10_000_000n });
    expect(await later.policies.inForce(null, at(0))).toMatchObject({ minUptimeBasisPoints: 9_500n });
  });

  it('are the same for processes that open them at the same time', async () => {
    const other = await books.anotherReplica();
    const opened = await Promise.all(
      [books.database, other, books.database, other].map((database) => bookServices(database).books.open()),
    );
    expect(new Set(opened.map(({ ledgerId }) => ledgerId)).size).toBe(1);
  });

  it('refuse another period and say how to change it', async () => {
    await bookServices(books.database).books.open();
    const ten = bookServices(books.database, { paymentIntervalSeconds: 10 });
    await expect(ten.books.open()).rejects.toThrow(
      /periods of 60 s.*PAYMENT_INTERVAL_SECONDS=60.*change_period\(10\)/s,
    );
  });

  it.each([0, 7, 7200, 1.5])('refuse a period of %s s', async (paymentIntervalSeconds) => {
    await expect(bookServices(books.database, { paymentIntervalSeconds }).books.open()).rejects.toMatchObject(
      {
        field: 'PAYMENT_INTERVAL_SECONDS',
      },
    );
  });

  it('change their period at the next full hour, with no time lost and none paid twice', async () => {
    const worker = new TestWorker();
    await books.setClock(at(30 * 60));
    const before = bookServices(books.database);
    await before.books.open();
    const { id } = await before.orchestrators.create(
      { serviceUri: 'https://one:9995', workerAddress: worker.address },
      'admin',
    );
    await books.setClock(at(40 * 60 + 5));
    await before.assessor.assessDue(worker);
    await books.owner.query('select payments.change_period(10)');

    const after = bookServices(books.database, { paymentIntervalSeconds: 10 });
    await after.books.open();
    await books.setClock(at(65 * 60));
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(65 * 60).getTime()) });
    for (let turn = 0; turn < 5; turn += 1) await after.assessor.assessDue(worker);
    const { items } = await after.assessments.list({ orchestratorId: id, limit: 1_000 });
    const spans = items
      .map(({ periodStart, periodEnd }) => [periodStart.getTime(), periodEnd.getTime()] as const)
      .reverse();
    expect(spans[0]?.[0]).toBe(at(31 * 60).getTime());
    expect(spans.at(-1)?.[1]).toBe(at(65 * 60).getTime());
    for (const [index, [start]] of spans.entries()) if (index > 0) expect(start).toBe(spans[index - 1]?.[1]);
    expect(spans).toHaveLength(29 + 5 * 6);
  });

  it('say that the database does not answer, instead of hanging or guessing', async () => {
    const module = await Test.createTestingModule({
      imports: [
        DatabaseModule.forRootAsync({
          useFactory: () => ({ url: 'postgres://nobody@127.0.0.1:1/none', migrations: paymentsMigrations }),
        }),
        BooksModule.forRoot(testBooksOptions),
      ],
    }).compile();
    try {
      await expect(module.get(Orchestrators).list()).rejects.toBeInstanceOf(DatabaseUnavailableError);
      await expect(module.get(Books).current()).rejects.toBeInstanceOf(DatabaseUnavailableError);
      await expect(module.get(Assessor).assessDue(new TestWorker())).rejects.toBeInstanceOf(
        DatabaseUnavailableError,
      );
    } finally {
      await module.close();
    }
  });

  it('are provided by their module on the platform database', async () => {
    const module = await Test.createTestingModule({
      imports: [
        DatabaseModule.forRootAsync({
          useFactory: () => ({ url: books.url, migrations: paymentsMigrations }),
        }),
        BooksModule.forRoot(testBooksOptions),
      ],
    }).compile();
    await module.init();
    try {
      await module.get(Database).whenReady();
      expect(await module.get(Books).open()).toMatchObject({ periodSeconds: 60 });
    } finally {
      await module.close();
    }
  });
});
