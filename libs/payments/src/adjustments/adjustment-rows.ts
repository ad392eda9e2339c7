import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { Adjustment } from './adjustment.js';

/** The ledger is the only place that an adjustment is kept in; its words are in the entry's meta, under its hash. */
export const adjustmentMeta = z.object({
  adjustmentId: z.uuid(),
  orchestratorId: z.uuid(),
  amountMicroUsd: sqlBigint,
  reason: z.string(),
  actor: z.string(),
  payableAfterMicroUsd: sqlBigint,
});

export const keyOf = (adjustmentId: string): string => `adjustment/${adjustmentId}`;

const adjustmentRow = z.object({ id: sqlBigint, effective_at: sqlTime, meta: adjustmentMeta });

type Row = z.output<typeof adjustmentRow>;

const toAdjustment = ({ effective_at, meta }: Row): Adjustment => ({
  id: meta.adjustmentId,
  orchestratorId: meta.orchestratorId,
  amountMicroUsd: meta.amountMicroUsd,
  reason: meta.reason,
  actor: meta.actor,
  createdAt: effective_at,
  payableAfterMicroUsd: meta.payableAfterMicroUsd,
});

export async function findAdjustment(sql: Sql, id: string): Promise<Adjustment | undefined> {
  const row = await selectRow(
    sql,
    adjustmentRow,
    'select id, effective_at, meta from ledger.journal_entry where idempotency_key = $1',
    [keyOf(id)],
  );
  return row && toAdjustment(row);
}

export interface AdjustmentPage {
  orchestratorId: string | null;
  /** Journal entries before this one. */
  before: bigint | null;
  limit: number;
}

/** Newest first, each with the number of its journal entry. */
export async function listAdjustments(
  sql: Sql,
  { orchestratorId, before, limit }: AdjustmentPage,
): Promise<{ entryId: bigint; adjustment: Adjustment }[]> {
  const rows = await selectRows(
    sql,
    adjustmentRow,
    `select id, effective_at, meta from ledger.journal_entry
      where kind = 'adjustment' and idempotency_key like 'adjustment/%'
        and ($1::bigint is null or id < $1) and ($2::text is null or meta ->> 'orchestratorId' = $2)
      order by id desc limit $3`,
    [before?.toString() ?? null, orchestratorId, limit],
  );
  return rows.map((row) => ({ entryId: row.id, adjustment: toAdjustment(row) }));
}
