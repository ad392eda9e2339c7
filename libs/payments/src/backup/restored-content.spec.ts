import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { account } from '../ledger/account.js';
import { presentSchemas } from './books-catalogue.js';
import { openConnection } from './books-connection.js';
import { checksumMember } from './checksum-member.js';
import { type BooksCopies, openBooksCopies } from './testing/books-copies.js';

describe('what is loaded from a backup', () => {
  let copies: BooksCopies;
  let books: TestBooks;

  beforeEach(async () => {
    copies = await openBooksCopies();
    books = await openTestBooks();
    const { books: book, ledger } = bookServices(books.database);
    await book.open();
    await books.database.transaction((tx) =>
      ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: 'one',
        effectiveAt: new Date('2026-11-22T12:00:00Z'),
        transfers: [
          { debit: account.rewards('a'), credit: account.payable('a'), amountMicroUsd: 7_000_000n },
        ],
      }),
    );
  });
  afterEach(async () => {
    await books.close();
    await copies.close();
  });

  /** A backup of other content, with a checksum that is right. */
  async function forge(path: string, change: (text: string) => string): Promise<void> {
    const lines = gunzipSync(await readFile(path))
      .toString()
      .split('\n');
    const text = lines.slice(0, -2).join('\n') + '\n';
    const changed = change(text);
    expect(changed).not.toBe(text);
    const content = gzipSync(changed);
    const sha256 = createHash('sha256').update(content).digest('hex');
    await writeFile(path, Buffer.concat([content, checksumMember(sha256)]));
  }

  it.each([
    [
      'fewer rows than the header says',
      (text: string) => text.replace(/(FROM stdin;\n).*7000000\taccrual\n/, '$1'),
      /transfer has 0 rows, the header says 1/,
    ],
    [
      'another balance',
      (text: string) => text.replace(/\t7000000\t0\n/, '\t7000001\t0\n'),
      /The loaded books are not those that were backed up/,
    ],
    [
      'a row that refers to nothing',
      (text: string) => text.replace(/(\tone\t[^\t]+\t[^\t]+\t)\\N/, '$1999'),
      /violates foreign key constraint/,
    ],
    [
      'its tables in another order',
      (text: string) => text.replace('COPY "ledger"."account" ', 'COPY "ledger"."journal_entry" '),
      /account is not where the header says/,
    ],
    [
      'a table that its migrations do not make',
      (text: string) => text.replace('"name":"alert"', '"name":"more"'),
      /The migrations of the backup do not make what the backup holds: COPY "payments"."more"/,
    ],
  ])('is rolled back when it has %s', async (_what, change, reason) => {
    const path = await copies.backUp(books.url);
    await forge(path, change);
    const url = await copies.emptyDatabase();
    await expect(copies.restore(path, url)).rejects.toThrow(reason);
    const { sql, close } = await openConnection(url);
    expect(await presentSchemas(sql)).toEqual([]);
    await close();
  });

  it('names the accounts whose balances were wrong before, and restores them all the same', async () => {
    await books.owner.query(`update ledger.account_balance set credits = 8000000 where credits > 0`);
    const url = await copies.emptyDatabase();
    const { books: restored } = await copies.restore(await copies.backUp(books.url), url);
    expect(restored).toMatchObject({
      accounts_out_of_balance: [account.payable('a')],
      payable_micro_usd: '8000000',
    });
  });
});
