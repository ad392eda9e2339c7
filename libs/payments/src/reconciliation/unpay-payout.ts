import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow } from '../books/sql-rows.js';
import type { Ledger } from '../ledger/ledger.js';
import { paidKey } from '../payouts/close-payout.js';
import { recordChange } from '../payouts/payout-rows.js';
import { reverseEntry } from './reverse-entry.js';

const payoutRow = z.object({ status: z.string(), reorgs: z.int() });

/** A payment that left the chain is in doubt again: in settlement, not payable. */
export async function unpayPayout(
  tx: EntityManager,
  ledger: Ledger,
  id: string,
  { status, detail }: { status: 'reserved' | 'sent'; detail: string },
): Promise<void> {
  const payout = await selectRow(
    tx,
    payoutRow,
    'select status, reorgs from payments.payout where id = $1 for update',
    [id],
  );
  if (payout?.status !== 'paid') return;
  await reverseEntry(tx, ledger, paidKey(id, payout.reorgs));
  await tx.query(
    `update payments.payout set status = $2, paid_at = null, block_number = null, reorgs = reorgs + 1, retry_at = null
      where id = $1`,
    [id, status],
  );
  await recordChange(tx, id, status, detail);
}
