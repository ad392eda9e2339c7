import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { selectRow } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import { type BooksCopies, openBooksCopies } from './testing/books-copies.js';

const writers = 3;

describe('a backup that is taken while others write', () => {
  let copies: BooksCopies;
  let books: TestBooks;
  beforeAll(async () => {
    copies = await openBooksCopies();
    books = await openTestBooks();
    await bookServices(books.database).books.open();
  });
  afterAll(async () => {
    await copies.close();
    await books.close();
  });

  it('holds every entry with all of its transfers and balances, or not at all', async () => {
    const { ledger } = bookServices(books.database);
    const orchestrators = Array.from({ length: 10 }, () => randomUUID());
    const done = new AbortController();
    let posted = 0;
    const write = async (writer: number): Promise<void> => {
      for (let turn = 0; !done.signal.aborted; turn += 1) {
        await books.database.transaction((tx) =>
          ledger.post(tx, {
            kind: 'accrual',
            idempotencyKey: `${writer}/${turn}`,
            effectiveAt: new Date(Date.UTC(2026, 10, writer + 1) + turn * 60_000),
            transfers: orchestrators.map((id) => ({
              debit: account.rewards(id),
              credit: account.payable(id),
              amountMicroUsd: 1n,
            })),
          }),
        );
        posted += 1;
      }
    };
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));

    const seen: number[] = [];
    for (let backup = 0; backup < 4; backup += 1) {
      const wanted = posted + 5;
      while (posted < wanted) await new Promise((resolve) => setImmediate(resolve));
      const path = await copies.backUp(books.url);
      const url = await copies.emptyDatabase();
      // The restore itself compares counts, sums and balances with what the snapshot said.
      const { books: restored } = await copies.restore(path, url);
      expect(restored.accounts_out_of_balance).toEqual([]);
      expect(restored.payable_micro_usd).toBe(`${restored.journal_entries * orchestrators.length}`);
      const database = await copies.open(url);
      const row = await selectRow(
        database.dataSource,
        z.object({ incomplete: z.int() }),
        `select count(*)::int as incomplete from ledger.journal_entry e
          where e.line_count <> (select count(*) from ledger.transfer t where t.journal_entry_id = e.id)`,
      );
      expect(row).toEqual({ incomplete: 0 });
      seen.push(restored.journal_entries);
    }
    done.abort();
    await writing;
    // Writers went on between and during the backups.
    expect(new Set(seen).size).toBe(seen.length);
    expect(posted).toBeGreaterThan(seen.at(-1) ?? 0);
  });
});
