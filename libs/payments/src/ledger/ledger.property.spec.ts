import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';

import type { Database } from '#platform/database';

import { findBreaches } from '../../testing/model/sound-books.js';
import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { selectRows, sqlBigint } from '../books/sql-rows.js';
import { account } from './account.js';
import type { NewJournalEntry } from './journal-entry.js';
import { Ledger } from './ledger.js';

/** `LEDGER_RUNS=500` posts more of them by hand; a failing one prints its seed. */
const RUNS = Number(process.env.LEDGER_RUNS ?? 15);
const startMs = Date.UTC(2026, 10, 22, 12, 0);

/** An entry of some books that do not exist yet: payees are numbers, so that the same can be written twice. */
interface Plan {
  kind: 'accrual' | 'adjustment' | 'reserve';
  minute: number;
  lines: { payee: number; amountMicroUsd: bigint }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom('accrual', 'adjustment', 'reserve'),
  minute: fc.nat(20),
  lines: fc.uniqueArray(
    fc.record({ payee: fc.nat(7), amountMicroUsd: fc.bigInt({ min: 1n, max: 10n ** 12n }) }),
    { minLength: 1, selector: ({ payee }) => payee },
  ),
});

/** Far apart in time, since a payee accrues once in a minute. */
const plans = fc
  .array(plan, { minLength: 1, maxLength: 12 })
  .map((all) => all.map((one, index) => ({ ...one, minute: one.minute + 100 * index })));

const balanceRow = z.object({ code: z.string(), debits: sqlBigint, credits: sqlBigint });
const totalRow = z.object({ key: z.string(), total: sqlBigint, line_count: z.int(), hash: z.string() });

describe('the ledger, written twice', () => {
  const ledger = new Ledger();
  let books: TestBooks;
  let replicas: Database[];

  beforeAll(async () => {
    books = await openTestBooks();
    replicas = [books.database];
    for (let other = 0; other < 3; other += 1) replicas.push(await books.anotherReplica());
  });
  afterAll(async () => {
    await books.close();
  });

  const entryOf = ({ kind, minute, lines }: Plan, index: number, ids: readonly string[], run: string) => {
    const sides = {
      accrual: [account.rewards, account.payable],
      adjustment: [account.adjustments, account.payable],
      reserve: [account.payable, account.inSettlement],
    } as const;
    const [debit, credit] = sides[kind];
    return {
      kind,
      idempotencyKey: `${run}/${index}`,
      effectiveAt: new Date(startMs + minute * 60_000),
      transfers: lines.map(({ payee, amountMicroUsd }) => {
        const id = ids[payee] ?? '';
        return { debit: debit(id), credit: credit(id), amountMicroUsd };
      }),
      meta: { index },
    } satisfies NewJournalEntry;
  };

  /** Balances and entries of these payees, under the names that they have in the plan. */
  async function read(ids: readonly string[], run: string) {
    const nameless = (text: string): string =>
      ids.reduce((left, id, index) => left.replace(id, `#${index}`), text);
    const balances = await selectRows(
      books.owner,
      balanceRow,
      `select a.code, b.debits, b.credits from ledger.account a join ledger.account_balance b on b.account_id = a.id
        where split_part(a.code, ':', 3) = any ($1)`,
      [ids],
    );
    const entries = await selectRows(
      books.owner,
      totalRow,
      `select split_part(idempotency_key, '/', 2) as key, total::text, line_count, encode(content_hash, 'hex') as hash
         from ledger.journal_entry where idempotency_key like $1 || '/%' order by 1`,
      [run],
    );
    return {
      balances: new Map(balances.map(({ code, ...sides }) => [nameless(code), sides])),
      entries: entries.map(({ hash: _hash, ...entry }) => entry),
      hashes: entries.map(({ hash }) => hash),
    };
  }

  it(
    'says the same whatever the order, however often, and however many write at once',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans, fc.infiniteStream(fc.nat()), async (all, numbers) => {
          const next = (bound: number): number => Number(numbers.next().value) % bound;
          const payees = (): string[] => Array.from({ length: 8 }, () => randomUUID());
          const write = (entry: NewJournalEntry): Promise<{ created: boolean }> =>
            replicas[next(replicas.length)]!.transaction((tx) => ledger.post(tx, entry));

          const [inOrder, once] = [payees(), randomUUID()];
          for (const [index, one] of all.entries()) await write(entryOf(one, index, inOrder, once));

          // Twice each and once more for some, its lines in another order, all at once.
          const [shuffled, again] = [payees(), randomUUID()];
          const entries = all.map((one, index) => entryOf(one, index, shuffled, again));
          const copies = [...entries, ...entries, ...entries.filter(() => next(2) === 0)];
          const drawn = copies.map((entry) => ({ entry, at: next(1_000_000) })).sort((a, b) => a.at - b.at);
          const posted = await Promise.all(
            drawn.map(({ entry }) => write({ ...entry, transfers: rotated(entry.transfers, next(8)) })),
          );

          expect(posted.filter(({ created }) => created)).toHaveLength(all.length);
          const [expected, actual] = [await read(inOrder, once), await read(shuffled, again)];
          expect(actual.balances).toEqual(expected.balances);
          expect(actual.entries).toEqual(expected.entries);
          expect(new Set([...expected.hashes, ...actual.hashes]).size).toBe(2 * all.length);
          expect(actual.balances).toEqual(sumsOf(all));
        }),
        { numRuns: RUNS },
      );
      const breaches = await findBreaches(books.owner);
      // These entries were written past the assessments and payouts that they would belong to.
      delete breaches['what is paid has accrued, and nothing else has'];
      expect(breaches).toEqual({});
    },
    120_000 + RUNS * 60_000,
  );
});

const rotated = <T>(items: readonly T[], by: number): T[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
];

/** Both sides of every account, added up from the plan. */
function sumsOf(all: readonly Plan[]): Map<string, { debits: bigint; credits: bigint }> {
  const sums = new Map<string, { debits: bigint; credits: bigint }>();
  const add = (code: string, side: 'debits' | 'credits', amount: bigint): void => {
    const sides = sums.get(code) ?? { debits: 0n, credits: 0n };
    sums.set(code, { ...sides, [side]: sides[side] + amount });
  };
  const prefixes = {
    accrual: ['expense:rewards', 'liability:payable'],
    adjustment: ['expense:adjustments', 'liability:payable'],
    reserve: ['liability:payable', 'liability:in_settlement'],
  } as const;
  for (const { kind, lines } of all) {
    const [debit, credit] = prefixes[kind];
    for (const { payee, amountMicroUsd } of lines) {
      add(`${debit}:#${payee}`, 'debits', amountMicroUsd);
      add(`${credit}:#${payee}`, 'credits', amountMicroUsd);
    }
  }
  return sums;
}
