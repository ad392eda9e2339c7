import { z } from 'zod';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { type PayoutAttempt, type PayoutChange, type PayoutSettlement, payoutStatuses } from './payout.js';

const settlementRow = z
  .object({
    id: z.uuid(),
    status: z.enum(['signed', 'sent', 'mined', 'final']),
    mined_tx_hash: z.string().nullable(),
    mined_block_number: sqlBigint.nullable(),
    mined_block_hash: z.string().nullable(),
    outcome: z.enum(['paid', 'unused']).nullable(),
  })
  .transform((row): PayoutSettlement => ({
    settlementId: row.id,
    status: row.status,
    minedTxHash: row.mined_tx_hash,
    minedBlockNumber: row.mined_block_number,
    minedBlockHash: row.mined_block_hash,
    outcome: row.outcome,
  }));

/** Every settlement that carried the payout, oldest first. */
export const settlementsOf = (sql: Sql, payoutId: string): Promise<PayoutSettlement[]> =>
  selectRows(
    sql,
    settlementRow,
    `select s.id, s.status, s.mined_tx_hash, s.mined_block_number, s.mined_block_hash, i.outcome
       from payments.settlement_item i join payments.settlement s on s.id = i.settlement_id
      where i.payout_id = $1 order by s.created_at, s.nonce`,
    [payoutId],
  );

const attemptRow = z
  .object({
    settlement_id: z.uuid(),
    nonce: sqlBigint,
    seq: z.int(),
    kind: z.enum(['pay', 'cancel']),
    tx_hash: z.string(),
    send_state: z.enum(['signed', 'maybe_sent', 'accepted', 'rejected']),
    max_fee_wei: sqlBigint,
    priority_fee_wei: sqlBigint,
    signed_at: sqlTime,
    first_sent_at: sqlTime.nullable(),
    last_sent_at: sqlTime.nullable(),
    send_count: z.int(),
    last_error: z.string().nullable(),
  })
  .transform((row): PayoutAttempt => ({
    settlementId: row.settlement_id,
    nonce: row.nonce,
    seq: row.seq,
    kind: row.kind,
    txHash: row.tx_hash,
    sendState: row.send_state,
    maxFeeWei: row.max_fee_wei,
    priorityFeeWei: row.priority_fee_wei,
    signedAt: row.signed_at,
    firstSentAt: row.first_sent_at,
    lastSentAt: row.last_sent_at,
    sendCount: row.send_count,
    lastError: row.last_error,
  }));

/** Every signed tx that could have paid it, oldest first. */
export const attemptsForPayout = (sql: Sql, payoutId: string): Promise<PayoutAttempt[]> =>
  selectRows(
    sql,
    attemptRow,
    `select a.settlement_id, s.nonce, a.seq, a.kind, a.tx_hash, a.send_state, a.max_fee_wei, a.priority_fee_wei,
            a.signed_at, a.first_sent_at, a.last_sent_at, a.send_count, a.last_error
       from payments.settlement_item i join payments.settlement s on s.id = i.settlement_id
       join payments.attempt a on a.settlement_id = s.id where i.payout_id = $1 order by a.id`,
    [payoutId],
  );

const changeRow = z.object({ at: sqlTime, status: z.enum(payoutStatuses), detail: z.string() });

/** What happened to it, in order. */
export const changesOf = (sql: Sql, payoutId: string): Promise<PayoutChange[]> =>
  selectRows(
    sql,
    changeRow,
    `select at, status, detail from payments.payout_event where payout_id = $1 order by id`,
    [payoutId],
  );
