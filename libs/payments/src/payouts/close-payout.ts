import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Payout } from './payout.js';
import { recordChange, recordEach, selectPayout, selectPayouts } from './payout-rows.js';

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

export interface PaidPayout {
  payout: Payout;
  payment: Payment;
}

/** The end of payouts that reached their recipients for good. The caller holds their rows. In the given order. */
export async function payPayouts(
  tx: EntityManager,
  ledger: Ledger,
  paid: readonly PaidPayout[],
): Promise<Payout[]> {
  if (paid.length === 0) return [];
  for (const { payout, payment } of paid) await postPayment(tx, ledger, payout, payment);
  const ids = paid.map(({ payout }) => payout.id);
  await tx.query(
    `update payments.payout p set status = 'paid', hold_reason = null, paid_at = x.at, tx_hash = coalesce(x.tx_hash, p.tx_hash),
            block_number = x.block_number, outside_reference = x.outside_reference
       from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bigint[], $5::text[])
         as x (id, at, tx_hash, block_number, outside_reference) where p.id = x.id`,
    [
      ids,
      paid.map(({ payment }) => payment.at),
      paid.map(({ payment }) => payment.txHash ?? null),
      paid.map(({ payment }) => payment.blockNumber?.toString() ?? null),
      paid.map(({ payment }) => payment.outsideReference ?? null),
    ],
  );
  const details = paid.map(({ payment }) => payment.detail);
  await recordEach(tx, ids, 'paid', details);
  const closed = new Map(
    (await selectPayouts(tx, 'where id = any ($1::uuid[])', [ids])).map((each) => [each.id, each]),
  );
  return ids.flatMap((id) => closed.get(id) ?? []);
}

/** The same of one. */
export async function payPayout(
  tx: EntityManager,
  ledger: Ledger,
  payout: Payout,
  payment: Payment,
): Promise<Payout> {
  const [paid] = await payPayouts(tx, ledger, [{ payout, payment }]);
  if (!paid) throw new Error(`the payout ${payout.id} is gone`);
  return paid;
}

async function postPayment(
  tx: EntityManager,
  ledger: Ledger,
  payout: Payout,
  { at, creditAccount, txHash, outsideReference }: Payment,
): Promise<void> {
  await ledger.post(tx, {
    kind: 'paid',
    idempotencyKey: paidKey(payout.id, payout.reorgs),
    effectiveAt: at,
    transfers: [
      {
        debit: account.inSettlement(payout.orchestratorId),
        credit: creditAccount,
        amountMicroUsd: payout.amountMicroUsd,
      },
    ],
    meta: {
      payoutId: payout.id,
      ...(txHash !== undefined && { txHash }),
      ...(outsideReference !== undefined && { outsideReference }),
    },
  });
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
