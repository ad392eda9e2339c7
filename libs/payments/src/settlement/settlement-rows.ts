import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { hexSchema } from '../chain/eth-schemas.js';

const settlementRow = z
  .object({
    id: z.uuid(),
    chain_id: sqlBigint,
    from_address: z.string(),
    nonce: sqlBigint,
    tx_to: z.string(),
    tx_data: hexSchema,
    status: z.enum(['signed', 'sent', 'mined', 'final']),
    mined_tx_hash: hex32Schema.nullable(),
    mined_block_number: sqlBigint.nullable(),
    mined_block_hash: hex32Schema.nullable(),
    cancel_requested: z.boolean(),
    trouble: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    chainId: row.chain_id,
    fromAddress: row.from_address,
    nonce: row.nonce,
    txTo: row.tx_to,
    txData: row.tx_data,
    status: row.status,
    minedTxHash: row.mined_tx_hash,
    minedBlockNumber: row.mined_block_number,
    minedBlockHash: row.mined_block_hash,
    /** A person has given its nonce up: it is to be used by a tx to ourselves. */
    cancelRequested: row.cancel_requested,
    trouble: row.trouble,
  }));

/** The transaction-to-be that owns a nonce; `payload` fields never change. */
export type Settlement = z.output<typeof settlementRow>;

const settlementColumns = `id, chain_id, from_address, nonce, tx_to, tx_data, status, mined_tx_hash, mined_block_number,
  mined_block_hash, cancel_requested, trouble`;

export const lockSettlement = (tx: Sql, id: string): Promise<Settlement | undefined> =>
  selectRow(
    tx,
    settlementRow,
    `select ${settlementColumns} from payments.settlement where id = $1 for update`,
    [id],
  );

/** Those of a lane whose outcome is not final, in the order of their nonces. */
export const openSettlements = (
  sql: Sql,
  lane: { chainId: bigint; address: string },
): Promise<Settlement[]> =>
  selectRows(
    sql,
    settlementRow,
    `select ${settlementColumns} from payments.settlement
      where chain_id = $1 and from_address = $2 and status <> 'final' order by nonce`,
    [lane.chainId.toString(), lane.address],
  );

const attemptRow = z
  .object({
    id: sqlBigint,
    seq: z.int(),
    kind: z.enum(['pay', 'cancel']),
    raw_tx: hexSchema,
    tx_hash: hex32Schema,
    max_fee_wei: sqlBigint,
    priority_fee_wei: sqlBigint,
    gas_limit: sqlBigint,
    send_state: z.enum(['signed', 'maybe_sent', 'accepted', 'rejected']),
    first_sent_at: sqlTime.nullable(),
    last_sent_at: sqlTime.nullable(),
    send_count: z.int(),
    last_error_class: z.string().nullable(),
    now: sqlTime,
  })
  .transform((row) => ({
    id: row.id,
    seq: row.seq,
    kind: row.kind,
    rawTx: row.raw_tx,
    txHash: row.tx_hash,
    fees: { maxFeeWei: row.max_fee_wei, priorityFeeWei: row.priority_fee_wei },
    gasLimit: row.gas_limit,
    sendState: row.send_state,
    sendCount: row.send_count,
    lastErrorClass: row.last_error_class,
    /** By the database's clock; null before the first time. */
    msSinceFirstSent: row.first_sent_at === null ? null : row.now.getTime() - row.first_sent_at.getTime(),
    msSinceLastSent: row.last_sent_at === null ? null : row.now.getTime() - row.last_sent_at.getTime(),
  }));

export type Attempt = z.output<typeof attemptRow>;

/** Every signed version of a settlement, newest first. All of their hashes are watched. */
export const attemptsOf = (sql: Sql, settlementId: string): Promise<Attempt[]> =>
  selectRows(
    sql,
    attemptRow,
    `select id, seq, kind, raw_tx, tx_hash, max_fee_wei, priority_fee_wei, gas_limit, send_state, first_sent_at,
            last_sent_at, send_count, last_error_class, payments.clock() as now
       from payments.attempt where settlement_id = $1 order by seq desc`,
    [settlementId],
  );

const itemRow = z
  .object({
    payout_id: z.uuid(),
    orchestrator_id: z.uuid(),
    position: z.int(),
    amount_micro_usd: sqlBigint,
    payout_address: z.string(),
    method: z.enum(['usdc', 'erc20']),
    authorization_nonce: hex32Schema.nullable(),
    token_address: z.string(),
    treasury_address: z.string(),
    failures: z.int(),
  })
  .transform((row) => ({
    payoutId: row.payout_id,
    orchestratorId: row.orchestrator_id,
    position: row.position,
    amountMicroUsd: row.amount_micro_usd,
    payoutAddress: row.payout_address,
    method: row.method,
    authorizationNonce: row.authorization_nonce,
    tokenAddress: row.token_address,
    treasuryAddress: row.treasury_address,
    /** Final txs in which it was not executed. */
    failures: row.failures,
  }));

/** A payout as part of a settlement. */
export type SettlementItem = z.output<typeof itemRow>;

export const openItems = (tx: Sql, settlementId: string): Promise<SettlementItem[]> =>
  selectRows(
    tx,
    itemRow,
    `select i.payout_id, p.orchestrator_id, i.position, p.amount_micro_usd, p.payout_address, p.method,
            p.authorization_nonce, p.token_address, p.treasury_address, p.failures
       from payments.settlement_item i join payments.payout p on p.id = i.payout_id
      where i.settlement_id = $1 and i.outcome is null order by i.position`,
    [settlementId],
  );
