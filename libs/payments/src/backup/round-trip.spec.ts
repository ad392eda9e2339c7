import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { bookServices } from '../../testing/test-books.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { TestWorker } from '../../testing/test-worker.js';
import { account } from '../ledger/account.js';
import { Sealing } from '../sealing/sealing.js';
import { onReadOnlyBooks } from '../verification/read-only-books.js';
import { verifyBooks } from '../verification/verify-books.js';
import { type BooksCopies, contentOf, definitionsOf, openBooksCopies } from './testing/books-copies.js';
import { fillBooks, filledTables } from './testing/full-books.js';

Logger.overrideLogger(false);

describe('books that were backed up and restored', () => {
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

  it('are the same in every row of every table, and in every definition', async () => {
    await fillBooks(world);
    const path = await copies.backUp(world.books.url);
    const url = await copies.emptyDatabase();
    const { books } = await copies.restore(path, url);

    const [original, restored] = [await contentOf(world.books.url), await contentOf(url)];
    expect(filledTables.filter((table) => (original.get(table)?.rows ?? 0) === 0)).toEqual([]);
    // The restore itself: the pause, that of each sender, and its line in the audit log.
    for (const table of ['payments.settlement_control', 'payments.lane', 'payments.audit']) {
      expect(restored.get(table)).not.toEqual(original.get(table));
      original.delete(table);
      restored.delete(table);
    }
    expect(restored).toEqual(original);
    expect(await definitionsOf(url)).toEqual(await definitionsOf(world.books.url));
    // Seals and all: what was found before is found, what was sound is sound.
    const verified = async (of: string) => {
      const { head, checks } = await onReadOnlyBooks(of, (sql) => verifyBooks(sql));
      return { head, found: checks.map(({ name, findings }) => ({ name, findings })) };
    };
    const verification = await verified(url);
    expect(verification).toEqual(await verified(world.books.url));
    expect(verification.found).toContainEqual({ name: 'seals', findings: [] });
    expect(verification.head).not.toBeNull();
    expect(books).toMatchObject({
      accounts_out_of_balance: [],
      open_payouts: 1,
      in_settlement_micro_usd: '20000000',
    });
    expect(BigInt(books.paid_micro_usd)).toBe(10_000_000n);
  });

  it('go on: numbers continue, what was append-only is, and only the settlement waits', async () => {
    const { id } = await fillBooks(world);
    const url = await copies.emptyDatabase();
    const { pauseReason } = await copies.restore(await copies.backUp(world.books.url), url);
    expect(pauseReason).toMatch(
      /^restored from the backup of 20.*Z; check GET \/reconciliation, then resume$/,
    );

    const database = await copies.open(url);
    const services = bookServices(database);
    await services.books.open();
    const worker = new TestWorker();
    await services.orchestrators.create(
      { serviceUri: 'https://three:9995', workerAddress: worker.address },
      'admin',
    );
    await database.transaction((tx) =>
      services.ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: 'after the restore',
        effectiveAt: new Date(),
        transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: 3n }],
      }),
    );
    expect(await new Sealing(database).sealNext()).not.toBeNull();
    expect((await services.audit.list()).items.find(({ actor }) => actor === 'restore')).toMatchObject({
      action: 'books restored',
      after: { paused: pauseReason },
    });
    await expect(database.dataSource.query('update ledger.transfer set amount = 1')).rejects.toThrow(
      /permission|append-only/,
    );
    const doors = world.process({}, database);
    await doors.settler.tick();
    expect(await doors.payouts.pauseInForce()).toMatchObject({ reason: pauseReason, actor: 'restore' });
  });

  it('say why they had been paused before', async () => {
    await world.process().payouts.pause('a stolen key', 'admin');
    const { pauseReason } = await copies.restore(
      await copies.backUp(world.books.url),
      await copies.emptyDatabase(),
    );
    expect(pauseReason).toMatch(/then resume \(it had been paused before: a stolen key\)$/);
  });
});
