import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';

import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { account } from './account.js';
import type { NewJournalEntry, Transfer } from './journal-entry.js';
import { Ledger } from './ledger.js';

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

const amountOf = (transfer: Transfer): bigint =>
  'amountGwei' in transfer ? transfer.amountGwei : transfer.amountMicroUsd;

/** The definition of a content hash, written down a second time: stored ones must stay verifiable for ever. */
function contentHash({ kind, idempotencyKey, effectiveAt, transfers }: NewJournalEntry): Buffer {
  const lines = transfers
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.credit), Buffer.from(b.credit)))
    .map((line) => Buffer.concat([sha256(line.debit), sha256(line.credit), int8(amountOf(line))]));
  return sha256(
    Buffer.from([1]),
    sha256(kind),
    int8(BigInt(effectiveAt.getTime())),
    sha256(idempotencyKey),
    sha256('{}'),
    int8(0n),
    sha256(Buffer.concat(lines)),
  );
}

describe('posting', () => {
  const ledger = new Ledger();
  let books: TestBooks;

  beforeAll(async () => {
    books = await openTestBooks();
  });
  afterAll(async () => {
    await books.close();
  });

  const post = (entry: NewJournalEntry) => books.database.transaction((tx) => ledger.post(tx, entry));
  const balance = (code: string) => ledger.balance(books.database.dataSource, code);
  const entryOf = (transfers: readonly Transfer[]): NewJournalEntry => ({
    kind: 'adjustment',
    idempotencyKey: `posting/${randomUUID()}`,
    effectiveAt: new Date('2026-11-22T12:00:00.123Z'),
    transfers,
  });

  it('hashes the content as the ledger has always done, whatever the order of the lines', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const entry = entryOf(
      ids.map((id, index) => ({
        debit: account.rewards(id),
        credit: account.payable(id),
        amountMicroUsd: BigInt(index + 1),
      })),
    );
    const { journalId } = await post(entry);
    const [row] = z
      .array(z.object({ content_hash: z.instanceof(Buffer), line_count: z.int(), total: z.string() }))
      .parse(
        await books.owner.query(
          'select content_hash, line_count, total from ledger.journal_entry where id = $1',
          [journalId.toString()],
        ),
      );
    expect(row).toEqual({ content_hash: contentHash(entry), line_count: 5, total: '15' });
    // A replay in another order is the same entry.
    expect(await post({ ...entry, transfers: entry.transfers.toReversed() })).toEqual({
      journalId,
      created: false,
    });
  });

  it('adds up an account that is on several lines and on both sides of one entry', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()].map(account.payable);
    if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable');
    await post(
      entryOf([
        { debit: a, credit: b, amountMicroUsd: 7n },
        { debit: a, credit: c, amountMicroUsd: 5n },
        { debit: b, credit: a, amountMicroUsd: 1n },
      ]),
    );
    expect(await Promise.all([a, b, c].map(balance))).toEqual([-11n, 6n, 5n]);
    expect(await books.owner.query('select ledger.rebuild_balances() as wrong')).toEqual([{ wrong: 0 }]);
  });

  it('makes the accounts that are missing and keeps those that are there', async () => {
    const known = account.payable(randomUUID());
    const fresh = account.payable(randomUUID());
    await post(entryOf([{ debit: account.funding(), credit: known, amountMicroUsd: 2n }]));
    await post(entryOf([{ debit: known, credit: fresh, amountMicroUsd: 1n }]));
    expect([await balance(known), await balance(fresh)]).toEqual([1n, 1n]);
  });

  it('takes dollars and gwei in one entry, but not in one transfer', async () => {
    await post(
      entryOf([
        { debit: account.gasSpent(7), credit: account.gas(7), amountGwei: 3n },
        { debit: account.treasury(7, '0xab'), credit: account.funding(), amountMicroUsd: 4n },
      ]),
    );
    expect([await balance(account.gasSpent(7)), await balance(account.treasury(7, '0xab'))]).toEqual([
      3n,
      4n,
    ]);
    await expect(
      books.owner.query(
        `select ledger.post('gas', 'mixed', now(), array['expense:gas:7', 'asset:treasury:7:0xab'],
                            array['asset:gas:7', 'equity:gas'], array[1, 1]::bigint[])`,
      ),
    ).rejects.toThrow(/one unit/);
  });

  it('refuses a code that holds a space, and writes nothing', async () => {
    const credit = account.payable(randomUUID());
    await expect(
      post(entryOf([{ debit: 'expense:a expense:b', credit, amountMicroUsd: 1n }])),
    ).rejects.toThrow(/as many debits as credits/);
    expect(await balance(credit)).toBe(0n);
  });

  it('never lets two entries with the same accounts wait for each other in a circle', async () => {
    const ids = Array.from({ length: 300 }, () => randomUUID());
    const lines = ids.map((id) => ({
      debit: account.rewards(id),
      credit: account.payable(id),
      amountMicroUsd: 1n,
    }));
    const back = lines.map(({ debit, credit }) => ({ debit: credit, credit: debit, amountMicroUsd: 1n }));
    const deadlocks = async (): Promise<string> => {
      const [row] = z
        .tuple([z.object({ deadlocks: z.string() })])
        .parse(
          await books.owner.query(
            'select deadlocks from pg_stat_database where datname = current_database()',
          ),
        );
      return row.deadlocks;
    };
    await post(entryOf(lines));
    const before = await deadlocks();
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const order = index % 2 === 0 ? lines : back.toReversed();
        // Begins somewhere else each time.
        return post(entryOf([...order.slice(index * 20), ...order.slice(0, index * 20)]));
      }),
    );
    expect(await deadlocks()).toBe(before);
    expect(await balance(account.payable(ids[0] ?? ''))).toBe(1n);
    expect(await books.owner.query('select ledger.rebuild_balances() as wrong')).toEqual([{ wrong: 0 }]);
  });

  it('gives assessments ids that begin with the time', async () => {
    const before = Date.now();
    const rows = z
      .array(z.object({ id: z.uuidv7() }))
      .parse(
        await books.owner.query('select payments.time_ordered_uuid() as id from generate_series(1, 500)'),
      );
    const times = rows.map(({ id }) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(500);
    expect(times.every((time, index) => time >= Math.max(before, times[index - 1] ?? 0))).toBe(true);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
  });
});
