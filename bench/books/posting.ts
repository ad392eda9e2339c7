import { account, Ledger, type NewJournalEntry } from '#payments';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import type { BenchmarkContext, Section } from '../benchmark.js';
import { medianAndLargest, median } from '../run/statistics.js';
import type { Sizes } from './sizes.js';

const pairRow = z.object({ debit: z.int(), credit: z.int() });

/** A table like that of the transfers, with the same indexes and partitions, that nothing else is kept beside. */
async function createTwin(owner: DataSource): Promise<void> {
  await owner.query('create schema raw');
  await owner.query(
    'create table raw.transfer (like ledger.transfer including all) partition by range (effective_at)',
  );
  await owner.query(
    `create table raw.transfer_all partition of raw.transfer for values from (minvalue) to (maxvalue)`,
  );
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** `Ledger.post` of one entry with an accrual for each payee, beside a bulk insert of the same transfers and no more. */
export async function measurePosting(
  owner: DataSource,
  { orchestrators, postings }: Sizes,
  context: BenchmarkContext,
): Promise<Section> {
  const ledger = new Ledger();
  const ids = Array.from({ length: orchestrators }, () => randomUUID()).sort();
  const transfers = ids.map((id) => ({
    debit: account.rewards(id),
    credit: account.payable(id),
    amountMicroUsd: 10_000_000n,
  }));
  const debits = transfers.map(({ debit }) => debit);
  const credits = transfers.map(({ credit }) => credit);
  const amounts = transfers.map(({ amountMicroUsd }) => amountMicroUsd.toString());
  await owner.query('select ledger.ensure_accounts($1::text[])', [[...debits, ...credits]]);
  await createTwin(owner);
  const pairs = z.array(pairRow).parse(
    await owner.query(
      `select d.id as debit, c.id as credit from unnest($1::text[], $2::text[]) with ordinality as given (debit, credit, place)
         join ledger.account d on d.code = given.debit join ledger.account c on c.code = given.credit order by place`,
      [debits, credits],
    ),
  );
  const debitIds = pairs.map(({ debit }) => debit);
  const creditIds = pairs.map(({ credit }) => credit);
  await owner.query('vacuum analyze');

  const month = new Date();
  month.setUTCDate(1);
  month.setUTCHours(0, 0, 0, 0);
  const postMs: number[] = [];
  const rawMs: number[] = [];
  for (let index = 0; index < postings; index += 1) {
    context.progress(`books: posting ${index + 1} of ${postings}`);
    const effectiveAt = new Date(month.getTime() + index * 60_000);
    const entry: NewJournalEntry = {
      kind: 'accrual',
      idempotencyKey: `accrual/${effectiveAt.toISOString()}/bench`,
      effectiveAt,
      transfers,
    };
    rawMs.push(
      await timeMs(() =>
        owner.transaction((tx) =>
          tx.query(
            `insert into raw.transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
               select $1, $2, d, c, a, 'accrual' from unnest($3::int[], $4::int[], $5::bigint[]) as line (d, c, a)`,
            [effectiveAt, index + 1, debitIds, creditIds, amounts],
          ),
        ),
      ),
    );
    postMs.push(await timeMs(() => owner.transaction((tx) => ledger.post(tx, entry))));
  }
  return {
    title: `posting ${orchestrators.toLocaleString('en-US')} accruals`,
    about:
      'One journal entry in one transaction on accounts that exist, from Node and until it is durable; in turns with a bulk ' +
      'insert of the same transfers into a table with the same columns, indexes and partitioning.',
    measurements: [
      {
        what: 'Ledger.post',
        unit: 'ms',
        ...medianAndLargest(postMs),
        target: { atMost: 200 },
        beside: `median of ${postings}; with hash, accounts and two balances for each`,
      },
      { what: 'raw bulk insert', unit: 'ms', ...medianAndLargest(rawMs), beside: 'the same rows alone' },
      {
        what: 'rate beside the raw insert',
        unit: 'share',
        value: median(rawMs) / median(postMs),
        target: { atLeast: 0.4 },
        beside: 'of the medians',
      },
      { what: 'accruals', unit: 'per second', value: (orchestrators / median(postMs)) * 1_000 },
    ],
  };
}
