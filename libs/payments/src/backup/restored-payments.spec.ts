import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';

import type { Database } from '#platform/database';

import { bookServices } from '../../testing/test-books.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { TestWorker } from '../../testing/test-worker.js';
import { selectRow } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import { onReadOnlyBooks } from '../verification/read-only-books.js';
import { verifyBooks } from '../verification/verify-books.js';
import { adoptPayments } from './adopt-payments.js';
import { openConnection } from './books-connection.js';
import { type BooksCopies, openBooksCopies } from './testing/books-copies.js';
import { assess } from './testing/full-books.js';

Logger.overrideLogger(false);

const usd = 1_000_000n;

describe('books that were restored from a backup that is too old', () => {
  let copies: BooksCopies;
  let world: TestSettlement;

  beforeEach(async () => {
    copies = await openBooksCopies();
    world = await openTestSettlement();
  });
  afterEach(async () => {
    await copies.close();
    await world.close();
  });

  const restore = async (path: string): Promise<{ database: Database; url: string }> => {
    const url = await copies.emptyDatabase();
    await copies.restore(path, url);
    return { database: await copies.open(url), url };
  };

  it('name exactly the payment that they lack, pay nothing while paused, and nothing twice afterwards', async () => {
    const { id, address } = await world.owe(10n * usd);
    await world.untilFinal(world.process());
    await world.process().settler.tick();
    const path = await copies.backUp(world.books.url);
    await world.owe(3n * usd, { id });
    await world.untilFinal(world.process());
    const paid = new Map([[address.toLowerCase(), 13n * usd]]);
    expect(await world.transfers()).toEqual(paid);

    const { database } = await restore(path);
    const restored = world.process({}, database);
    await restored.settler.tick();
    const { ok, differences } = await restored.reconciliation.run();
    expect(ok).toBe(false);
    // The payment itself, and the sum of the treasury that is short of it.
    expect(differences).toHaveLength(2);
    expect(differences[0]).toMatchObject({ ledgerMicroUsd: 0n, chainMicroUsd: 3n * usd });
    expect(differences[0]?.detail).toMatch(
      new RegExp(
        `the chain paid ${address} in 0x[0-9a-f]{64} by an authorization that these books do not know`,
      ),
    );
    expect(differences[1]).toMatchObject({ ledgerMicroUsd: 999_990n * usd, chainMicroUsd: 999_987n * usd });

    const ticks = async () => {
      for (let turn = 0; turn < 4; turn += 1) {
        await restored.settler.tick();
        await world.mine(2);
      }
    };
    const owe = (orchestratorId: string, microUsd: bigint) =>
      database.transaction((tx) =>
        world.ledger.post(tx, {
          kind: 'accrual',
          idempotencyKey: `again/${orchestratorId}/${microUsd}`,
          effectiveAt: new Date(),
          transfers: [
            {
              debit: account.rewards(orchestratorId),
              credit: account.payable(orchestratorId),
              amountMicroUsd: microUsd,
            },
          ],
        }),
      );
    // The debt that was paid comes back, as catching up brings it.
    await owe(id, 3n * usd);
    await ticks();
    expect(await restored.payouts.pauseInForce()).toMatchObject({ actor: 'restore' });
    expect(await world.transfers()).toEqual(paid);
    expect((await restored.payouts.list()).items).toHaveLength(1);

    // It counts up to the same payout, whose authorization the token has seen: paid already, and the books agree.
    await restored.payouts.resume('admin');
    await ticks();
    expect(await world.transfers()).toEqual(paid);
    expect((await restored.payouts.list()).items.map(({ status }) => status)).toEqual(['paid', 'paid']);
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true, differences: [] });

    await owe(id, 5n * usd);
    await ticks();
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 18n * usd]]));
  });

  it('pay nobody while the chain has a payment that they do not know, even when a person resumed too early', async () => {
    const { id } = await world.owe(10n * usd);
    await world.untilFinal(world.process());
    await world.process().settler.tick();
    await world.owe(2n * usd, { id });
    const path = await copies.backUp(world.books.url);
    await world.owe(3n * usd);
    await world.untilFinal(world.process());
    const paid = await world.transfers();

    const { database } = await restore(path);
    const restored = world.process({}, database);
    await restored.payouts.resume('admin');
    for (let turn = 0; turn < 4; turn += 1) {
      await restored.settler.tick();
      await world.mine(2);
    }
    expect(restored.settler.state().waitsFor).toMatch(
      /\$3\.000000 to 0x.* an authorization that these books do not know/,
    );
    expect(await world.transfers()).toEqual(paid);
  });

  it('take over from the chain the payments that they have lost, as they were, and then owe only what is owed', async () => {
    const { id, address } = await world.owe(10n * usd);
    await world.untilFinal(world.process());
    await world.process().settler.tick();
    const path = await copies.backUp(world.books.url);
    // Two payouts of other amounts than one that catches up in one go.
    for (const amount of [3n, 4n]) {
      await world.owe(amount * usd, { id });
      await world.untilFinal(world.process());
    }
    const { database, url } = await restore(path);
    const restored = world.process({}, database);
    await restored.settler.tick();
    expect(await restored.reconciliation.run()).toMatchObject({ ok: false });

    const { adopted, unknown } = await adoptPayments(url);
    expect(unknown).toEqual([]);
    expect(
      adopted.map(({ status, amountMicroUsd, payoutAddress }) => [status, amountMicroUsd, payoutAddress]),
    ).toEqual([
      ['paid', 3n * usd, address],
      ['paid', 4n * usd, address],
    ]);
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    const original = (await world.process().payouts.list()).items;
    expect((await restored.payouts.list()).items.map((payout) => payout.id).sort()).toEqual(
      original.map((payout) => payout.id).sort(),
    );
    expect(await adoptPayments(url)).toEqual({ adopted: [], unknown: [] });
    const { checks } = await onReadOnlyBooks(url, (sql) => verifyBooks(sql));
    expect(checks.find(({ name }) => name === 'payouts')).toMatchObject({ found: 0 });
    const payable = () => world.ledger.balance(database.dataSource, account.payable(id));
    expect(await payable()).toBe(-7n * usd);

    await restored.payouts.resume('admin');
    await expect(adoptPayments(url)).rejects.toThrow(/not paused/);
    // The lost periods come back, and one more.
    await database.transaction((tx) =>
      world.ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: 'again',
        effectiveAt: new Date(),
        transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: 9n * usd }],
      }),
    );
    await world.untilFinal(restored, database);
    expect(await payable()).toBe(0n);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 19n * usd]]));
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
  });

  it('leave alone a payment that counts on from none of their payouts', async () => {
    await world.process().settler.tick();
    const path = await copies.backUp(world.books.url);
    const { address } = await world.owe(3n * usd); // of an orchestrator that came after the backup
    await world.untilFinal(world.process());
    const { database, url } = await restore(path);
    const restored = world.process({}, database);
    await restored.settler.tick();
    await restored.reconciliation.run();
    expect(await adoptPayments(url)).toMatchObject({
      adopted: [],
      unknown: [{ toAddress: address, amount: 3n * usd }],
    });
    expect(await restored.reconciliation.run()).toMatchObject({ ok: false });
  });

  it('recognise as paid what was reserved in the backup, as soon as a person resumes', async () => {
    await world.process().settler.tick();
    const { address } = await world.owe(10n * usd);
    await world.process().payouts.runNow();
    const path = await copies.backUp(world.books.url);
    await world.untilFinal(world.process());

    const { database } = await restore(path);
    const restored = world.process({}, database);
    await restored.settler.tick();
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    expect((await restored.payouts.list()).items).toMatchObject([{ status: 'reserved' }]);
    await restored.payouts.resume('admin');
    await restored.settler.tick();
    expect((await restored.payouts.list()).items).toMatchObject([{ payoutAddress: address, status: 'paid' }]);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10n * usd]]));
  });

  it('assess the periods that they lack from the workers’ journals, to the same amounts', async () => {
    const services = bookServices(world.books.database);
    const worker = new TestWorker();
    const input = { serviceUri: 'https://one:9995', workerAddress: worker.address };
    const { id } = await services.orchestrators.create(input, 'admin');
    await services.rates.setFor(id, { microUsdPerMinute: 7n * usd }, 'admin');
    await world.later(3 * 60_000);
    const before = await assess(world.books.database, worker);
    const path = await copies.backUp(world.books.url);
    await world.later(4 * 60_000);
    worker.downMs = { redis_scb: 60_000n }; // an outage that the backup knows nothing of
    await assess(world.books.database, worker);

    const { database, url } = await restore(path);
    await setClockAs(world, url);
    const again = await assess(database, worker);
    expect(before.length).toBeGreaterThan(0);
    expect(again).toHaveLength(4);
    const judged = async (books: Database) =>
      (await bookServices(books).assessments.list()).items.map(
        ({ periodStart, decision, amountMicroUsd }) => ({
          ...{ periodStart, decision, amountMicroUsd },
        }),
      );
    expect(await judged(database)).toEqual(await judged(world.books.database));
    expect(await bookServices(database).balances.list()).toEqual(await services.balances.list());
  });
});

/** The restored database has a clock of its own, the real one; the test's stands still. */
async function setClockAs(world: TestSettlement, url: string): Promise<void> {
  const row = await selectRow(
    world.books.owner,
    z.object({ definition: z.string() }),
    `select pg_get_functiondef('payments.clock()'::regprocedure) as definition`,
  );
  const { sql, close } = await openConnection(url);
  await sql.query(row?.definition ?? '');
  await close();
}
