import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Payout } from './payout.js';
import { recordChange, selectPayout } from './payout-rows.js';

async function closed(tx: EntityManager, id: string): Promise<Payout> {
  const payout = await selectPayout(tx, id);
  if (!payout) throw new Error(`the payout ${id} is gone`);
  return payout;
}

/** The one clock of the books. */
export async function booksClock(tx: EntityManager): Promise<Date> {
  const row = await selectRow(tx, z.object({ now: sqlTime }), 'select payments.clock() as now');
  if (!row) throw new Error('unreachable: a function always answers');
  return row.now;
}

export interface Payment {
  /** Account that the money left. */
  creditAccount: string;
  /** When it left: the time of its block, or when a person said so. */
  at: Date;
  detail: string;
  txHash?: string;
  blockNumber?: bigint;
  outsideReference?: string;
}

/** A payment that left the chain again is paid under another key. */
export const paidKey = (id: string, reorgs: number): string =>
  `payout/${id}/paid${reorgs === 0 ? '' : `/${reorgs + 1}`}`;

/** The end of a payout that reached its recipient for good. The caller holds the payout's row. */
export async function payPayout(
  tx: EntityManager,
  ledger: Ledger,
  payout: Payout,
  payment: Payment,
): Promise<Payout> {
  const { at, detail, txHash = null, blockNumber, outsideReference = null } = payment;
  await ledger.post(tx, {
    kind: 'paid',
    idempotencyKey: paidKey(payout.id, payout.reorgs),
    effectiveAt: at,
    transfers: [
      {
        debit: account.inSettlement(payout.orchestratorId),
        credit: payment.creditAccount,
        amountMicroUsd: payout.amountMicroUsd,
      },
    ],
    meta: {
      payoutId: payout.id,
      ...(txHash !== null && { txHash }),
      ...(outsideReference !== null && { outsideReference }),
    },
  });
  await tx.query(
    `update payments.payout set status = 'paid', hold_reason = null, paid_at = $2, tx_hash = coalesce($3, tx_hash),
            block_number = $4, outside_reference = $5 where id = $1`,
    [payout.id, at, txHash, blockNumber?.toString() ?? null, outsideReference],
  );
  await recordChange(tx, payout.id, 'paid', detail);
  return closed(tx, payout.id);
}

/**
 * The money is payable again. Only for a payout that can provably not be paid any more. The caller holds its row.
 */
export async function returnPayout(
  tx: EntityManager,
  ledger: Ledger,
  payout: Payout,
  detail: string,
): Promise<Payout> {
  await ledger.post(tx, {
    kind: 'return',
    idempotencyKey: `payout/${payout.id}/return`,
    effectiveAt: await booksClock(tx),
    transfers: [
      {
        debit: account.inSettlement(payout.orchestratorId),
        credit: account.payable(payout.orchestratorId),
        amountMicroUsd: payout.amountMicroUsd,
      },
    ],
    meta: { payoutId: payout.id },
  });
  await tx.query(`update payments.payout set status = 'returned', hold_reason = null where id = $1`, [
    payout.id,
  ]);
  await recordChange(tx, payout.id, 'returned', detail);
  return closed(tx, payout.id);
}
