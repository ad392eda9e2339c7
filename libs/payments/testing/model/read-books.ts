import type { DataSource } from 'typeorm';
import { z } from 'zod';

import type { Assessment, Assessments } from '../../src/assessments/assessments.js';
import type { Balances } from '../../src/balances/balances.js';
import type { Page } from '../../src/books/page.js';
import { selectRows } from '../../src/books/sql-rows.js';
import type { Payouts } from '../../src/payouts/payouts.js';
import type { ModelBalance, ModelPayout } from './model-money.js';

async function everyPage<T>(list: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await list(cursor);
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return all;
}

export async function readBalances({ balances }: { balances: Balances }): Promise<Map<string, ModelBalance>> {
  const listed = await balances.list();
  return new Map(listed.map(({ orchestratorId, ...balance }) => [orchestratorId, balance]));
}

export const readAssessments = (
  { assessments }: { assessments: Assessments },
  decision?: 'paid' | 'unpaid' | 'pending',
): Promise<Assessment[]> => everyPage((cursor) => assessments.list({ limit: 1_000, cursor, decision }));

/** Periods that are pending although their worker was asked. */
export async function readTriedInVain(services: {
  assessments: Assessments;
}): Promise<{ orchestratorId: string; startMs: number }[]> {
  const pending = await readAssessments(services, 'pending');
  return pending
    .filter(({ attempts }) => attempts > 0)
    .map(({ orchestratorId, periodStart }) => ({ orchestratorId, startMs: periodStart.getTime() }));
}

export async function readPayouts({ payouts }: { payouts: Payouts }): Promise<ModelPayout[]> {
  const listed = await everyPage((cursor) => payouts.list({ limit: 1_000, cursor }));
  return listed.map(({ id, orchestratorId, amountMicroUsd, status }) => {
    if (status === 'sent' || status === 'mined') throw new Error(`a payout of method ledger is ${status}`);
    return { id, orchestratorId, amountMicroUsd, status };
  });
}

/** Posts every journal entry again, word for word. */
export async function repostEverything(owner: DataSource): Promise<{ entries: number; created: number }> {
  const [row] = await selectRows(
    owner,
    z.object({ entries: z.int(), created: z.int() }),
    `select count(*)::int as entries, count(*) filter (where again.created)::int as created
       from (select j.kind, j.idempotency_key, j.effective_at, j.meta, j.reverses_id, array_agg(d.code) as debits,
                    array_agg(c.code) as credits, array_agg(t.amount) as amounts
               from ledger.journal_entry j join ledger.transfer t on t.journal_entry_id = j.id
               join ledger.account d on d.id = t.debit_account_id join ledger.account c on c.id = t.credit_account_id
              group by j.id) e,
            lateral ledger.post(e.kind, e.idempotency_key, e.effective_at, e.debits, e.credits, e.amounts, e.meta,
                                e.reverses_id) again`,
  );
  if (!row) throw new Error('unreachable: an aggregate always has one row');
  return row;
}
