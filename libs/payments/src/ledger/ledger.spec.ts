import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';

import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { account } from './account.js';
import type { NewJournalEntry } from './journal-entry.js';
import { Ledger } from './ledger.js';

describe('the ledger', () => {
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
  const query = (sql: string): Promise<unknown> => books.owner.query(sql);

  const accrual = (orchestratorId: string, change: Partial<NewJournalEntry> = {}): NewJournalEntry => ({
    kind: 'accrual',
    idempotencyKey: `accrual/${randomUUID()}`,
    effectiveAt: new Date('2026-11-22T12:00:00.000Z'),
    transfers: [
      {
        debit: account.rewards(orchestratorId),
        credit: account.payable(orchestratorId),
        amountMicroUsd: 10_000_000n,
      },
    ],
    ...change,
  });

  it('moves an amount from one account to another, on the normal side of each', async () => {
    const id = randomUUID();
    const { created } = await post(accrual(id));
    expect(created).toBe(true);
    expect(await balance(account.payable(id))).toBe(10_000_000n);
    expect(await balance(account.rewards(id))).toBe(10_000_000n);
    expect(await balance(account.inSettlement(id))).toBe(0n);
  });

  it('posts the same entry once, however often and however concurrently it is posted', async () => {
    const id = randomUUID();
    const entry = accrual(id);
    const posted = await Promise.all(Array.from({ length: 5 }, () => post(entry)));
    posted.push(await post(entry));
    expect(posted.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(posted.map(({ journalId }) => journalId)).size).toBe(1);
    expect(await balance(account.payable(id))).toBe(10_000_000n);
  });

  it.each([
    ['amount', { transfers: [{ debit: 'expense:a', credit: 'liability:b', amountMicroUsd: 2n }] }],
    ['kind', { kind: 'funding' as const }],
    ['time', { effectiveAt: new Date('2026-11-22T12:00:00.001Z') }],
    ['meta', { meta: { note: 'other' } }],
  ])('refuses a known key with another %s and changes nothing', async (_what, change) => {
    const entry = accrual(randomUUID(), {
      transfers: [{ debit: 'expense:a', credit: 'liability:b', amountMicroUsd: 1n }],
      effectiveAt: new Date(Date.UTC(2020, 0, 1) + Math.floor(Math.random() * 1e11)),
    });
    await post(entry);
    const before = await balance('liability:b');
    await expect(post({ ...entry, ...change })).rejects.toThrow(/was used with different content/);
    expect(await balance('liability:b')).toBe(before);
  });

  it('refuses a second accrual of one payee for one period under another key', async () => {
    const id = randomUUID();
    await post(accrual(id));
    await expect(post(accrual(id))).rejects.toThrow(/transfer.*accrued|duplicate key/);
    expect(await balance(account.payable(id))).toBe(10_000_000n);
  });

  it('refuses to reverse one entry twice', async () => {
    const id = randomUUID();
    const { journalId } = await post(accrual(id));
    const back = (key: string): NewJournalEntry => ({
      kind: 'adjustment',
      idempotencyKey: key,
      effectiveAt: new Date(),
      reversesId: journalId,
      transfers: [{ debit: account.payable(id), credit: account.rewards(id), amountMicroUsd: 10_000_000n }],
    });
    await post(back(`back/${id}/1`));
    await expect(post(back(`back/${id}/2`))).rejects.toThrow(/duplicate key/);
    expect(await balance(account.payable(id))).toBe(0n);
  });

  it('never lets more leave the settlement than was reserved for it', async () => {
    const id = randomUUID();
    const overdraw = accrual(id, {
      kind: 'paid',
      transfers: [
        { debit: account.inSettlement(id), credit: account.treasury(31337, '0xAb'), amountMicroUsd: 1n },
      ],
    });
    await expect(post(overdraw)).rejects.toThrow(/balance_not_below_zero/);
  });

  it('keeps gwei and dollars apart', async () => {
    const gas = accrual(randomUUID(), {
      kind: 'gas',
      transfers: [{ debit: account.gasSpent(1), credit: account.gas(1), amountGwei: 21_000n }],
    });
    await post(gas);
    expect(await balance(account.gasSpent(1))).toBe(21_000n);
    await expect(
      post(
        accrual('x', {
          transfers: [{ debit: account.gasSpent(1), credit: account.funding(), amountMicroUsd: 1n }],
        }),
      ),
    ).rejects.toThrow(/wrong unit/);
    await expect(
      query(
        `select ledger.post('gas', 'mixed', now(), array['expense:gas:1'], array['equity:funding'], array[1::bigint])`,
      ),
    ).rejects.toThrow(/one unit/);
  });

  it.each([0n, -1n])('refuses an amount of %s', async (amountMicroUsd) => {
    const transfers = [{ debit: 'expense:a', credit: 'liability:b', amountMicroUsd }];
    await expect(post(accrual(randomUUID(), { transfers }))).rejects.toThrow(/positive/);
  });

  it.each([
    ['account', 'created_at = now()'],
    ['journal_entry', 'effective_at = now()'],
    ['transfer', 'amount = amount + 1'],
  ])('is append-only: %s', async (table, change) => {
    await post(accrual(randomUUID()));
    await expect(query(`update ledger.${table} set ${change}`)).rejects.toThrow(/append-only/);
    await expect(query(`delete from ledger.${table}`)).rejects.toThrow(/append-only/);
    await expect(query(`truncate ledger.${table} cascade`)).rejects.toThrow(/append-only/);
  });

  it('lets no partition be truncated either', async () => {
    const partitions = z
      .array(z.object({ name: z.string() }))
      .parse(
        await query(
          `select inhrelid::regclass as name from pg_inherits where inhparent = 'ledger.transfer'::regclass`,
        ),
      );
    expect(partitions.length).toBeGreaterThan(12);
    for (const { name } of partitions) {
      await expect(query(`truncate ${name}`)).rejects.toThrow(/append-only/);
    }
  });

  it('takes transfers of any time, and makes the partitions that it still can', async () => {
    const id = randomUUID();
    const now = new Date();
    const inThreeMonths = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 3, 15)).toISOString();
    await query(`drop table ledger.transfer_${inThreeMonths.slice(0, 7).replace('-', '_')}`);
    for (const effectiveAt of ['1999-12-31T23:59:00Z', inThreeMonths, '2199-01-01T00:00:00Z']) {
      await post(accrual(id, { effectiveAt: new Date(effectiveAt) }));
    }
    expect(await query('select ledger.create_partitions()')).toEqual([{ create_partitions: 0 }]);
    expect(await query('select ledger.create_partitions(14)')).toEqual([{ create_partitions: 2 }]);
    expect(await balance(account.payable(id))).toBe(30_000_000n);
  });

  it('does the same as a ledger that fits into ten lines, for any sequence of entries', async () => {
    const codes = ['asset:m1', 'expense:m2', 'liability:m3', 'liability:in_settlement:m4', 'equity:m5'];
    const entries = fc.record({
      key: fc.integer({ min: 0, max: 30 }),
      lines: fc.uniqueArray(
        fc.record({
          debit: fc.constantFrom(...codes),
          credit: fc.constantFrom(...codes),
          amount: fc.bigInt({ min: 1n, max: 10n ** 12n }),
        }),
        { minLength: 1, maxLength: 4, selector: ({ debit, credit }) => `${debit}→${credit}` },
      ),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entries, { maxLength: 12 }), async (sequence) => {
        run += 1;
        const mine = codes.map((code) => `${code}:${run}`);
        const model = new Map(mine.map((code) => [code, 0n]));
        const known = new Map<number, string>();
        for (const { key, lines } of sequence) {
          const transfers = lines.map(({ debit, credit, amount }) => ({
            debit: `${debit}:${run}`,
            credit: `${credit}:${run}`,
            amountMicroUsd: amount,
          }));
          const normal = (code: string) => (/^(asset|expense)/.test(code) ? 1n : -1n);
          const next = new Map(model);
          for (const { debit, credit, amountMicroUsd: amount } of transfers) {
            next.set(debit, (next.get(debit) ?? 0n) + normal(debit) * amount);
            next.set(credit, (next.get(credit) ?? 0n) - normal(credit) * amount);
          }
          const content = JSON.stringify(
            transfers.map((t) => ({ ...t, amountMicroUsd: String(t.amountMicroUsd) })),
          );
          const valid =
            transfers.every(({ debit, credit }) => debit !== credit) &&
            (known.has(key)
              ? known.get(key) === content
              : [...next].every(([code, amount]) => !code.includes('in_settlement') || amount >= 0n));
          const posting = post(
            accrual('', {
              kind: 'funding',
              idempotencyKey: `model/${run}/${key}`,
              transfers,
            }),
          );
          if (!valid) {
            await expect(posting).rejects.toThrow();
            continue;
          }
          await posting;
          if (!known.has(key)) for (const [code, amount] of next) model.set(code, amount);
          known.set(key, content);
        }
        for (const [code, amount] of model) expect(await balance(code)).toBe(amount);
      }),
      { numRuns: 25 },
    );
    expect(await query('select ledger.rebuild_balances() as wrong')).toEqual([{ wrong: 0 }]);
  });

  it('makes the balances anew from the transfers alone', async () => {
    const id = randomUUID();
    await post(accrual(id));
    await query(
      `update ledger.account_balance set credits = credits + 7
        where account_id = (select id from ledger.account where code = '${account.payable(id)}')`,
    );
    expect(await query('select ledger.rebuild_balances() as wrong')).toEqual([{ wrong: 1 }]);
    expect(await balance(account.payable(id))).toBe(10_000_000n);
  });
});
