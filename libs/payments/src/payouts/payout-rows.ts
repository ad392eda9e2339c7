import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { type Payout, payoutMethods, payoutStatuses, type PayoutStatus } from './payout.js';

export const payoutRow = z
  .object({
    id: z.uuid(),
    orchestrator_id: z.uuid(),
    payout_address: z.string().nullable(),
    amount_micro_usd: sqlBigint,
    method: z.enum(payoutMethods),
    status: z.enum(payoutStatuses),
    hold_reason: z.string().nullable(),
    tx_hash: z.string().nullable(),
    block_number: sqlBigint.nullable(),
    outside_reference: z.string().nullable(),
    authorization_nonce: hex32Schema.nullable(),
    reorgs: z.int(),
    created_at: sqlTime,
    paid_at: sqlTime.nullable(),
  })
  .transform((row): Payout => ({
    id: row.id,
    orchestratorId: row.orchestrator_id,
    payoutAddress: row.payout_address,
    amountMicroUsd: row.amount_micro_usd,
    method: row.method,
    status: row.status,
    holdReason: row.hold_reason,
    txHash: row.tx_hash,
    blockNumber: row.block_number,
    outsideReference: row.outside_reference,
    authorizationNonce: row.authorization_nonce,
    reorgs: row.reorgs,
    createdAt: row.created_at,
    paidAt: row.paid_at,
  }));

const columns = `p.id, p.orchestrator_id, p.payout_address, p.amount_micro_usd, p.method, p.status, p.hold_reason, p.tx_hash,
  p.block_number, p.outside_reference, p.authorization_nonce, p.reorgs, p.created_at, p.paid_at`;

/** `clause` is everything after `from payments.payout p`. */
export const payoutText = (clause: string): string => `select ${columns} from payments.payout p ${clause}`;

export const selectPayouts = (
  sql: Sql,
  clause: string,
  parameters: readonly unknown[] = [],
): Promise<Payout[]> => selectRows(sql, payoutRow, payoutText(clause), parameters);

export const selectPayout = (sql: Sql, id: string, lock = ''): Promise<Payout | undefined> =>
  selectRow(sql, payoutRow, payoutText(`where id = $1 ${lock}`), [id]);

/** The same of several payouts. */
export async function recordChanges(
  tx: Sql,
  payoutIds: readonly string[],
  status: PayoutStatus,
  detail: string,
): Promise<void> {
  await tx.query(
    `insert into payments.payout_event (payout_id, status, detail)
       select id, $2, $3 from unnest($1::uuid[]) with ordinality as p (id, position) order by position`,
    [payoutIds, status, detail],
  );
}

/** What happened to each of several payouts, in the given order. */
export async function recordEach(
  tx: Sql,
  payoutIds: readonly string[],
  status: PayoutStatus,
  details: readonly string[],
): Promise<void> {
  await tx.query(
    `insert into payments.payout_event (payout_id, status, detail)
       select id, $2, detail from unnest($1::uuid[], $3::text[]) with ordinality as p (id, detail, position) order by position`,
    [payoutIds, status, details],
  );
}

/** Writes down that something happened to a payout; its state changes in the same transaction. */
export async function recordChange(
  tx: Sql,
  payoutId: string,
  status: PayoutStatus,
  detail: string,
): Promise<void> {
  await tx.query('insert into payments.payout_event (payout_id, status, detail) values ($1, $2, $3)', [
    payoutId,
    status,
    detail,
  ]);
}
