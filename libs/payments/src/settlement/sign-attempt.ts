import { Transaction, type Wallet } from 'ethers';
import { z } from 'zod';

import { hex32Schema } from '#platform';

import type { Sql } from '../books/sql-rows.js';
import { hexSchema } from '../chain/eth-schemas.js';
import type { Fees } from '../chain/fee-policy.js';

export interface AttemptPlan {
  chainId: bigint;
  nonce: bigint;
  to: string;
  data: string;
  gasLimit: bigint;
  fees: Fees;
}

export interface SignedAttempt extends AttemptPlan {
  rawTx: string;
  txHash: string;
}

/**
 * Signs, and reads back from the bytes what was signed: what is stored and sent is exactly what was planned.
 * Signatures are deterministic (RFC 6979): the same plan gives the same bytes.
 */
export async function signAttempt(gasPayer: Wallet, plan: AttemptPlan): Promise<SignedAttempt> {
  const rawTx = await gasPayer.signTransaction({
    ...{ type: 2, chainId: plan.chainId, nonce: Number(plan.nonce), to: plan.to, data: plan.data, value: 0n },
    ...{
      gasLimit: plan.gasLimit,
      maxFeePerGas: plan.fees.maxFeeWei,
      maxPriorityFeePerGas: plan.fees.priorityFeeWei,
    },
  });
  const read = Transaction.from(rawTx);
  const isAsPlanned =
    read.from === gasPayer.address &&
    read.chainId === plan.chainId &&
    BigInt(read.nonce) === plan.nonce &&
    read.to === plan.to &&
    read.value === 0n &&
    read.data === plan.data &&
    read.gasLimit === plan.gasLimit &&
    read.maxFeePerGas === plan.fees.maxFeeWei;
  if (!isAsPlanned) throw new Error('the signed tx is not the one that was planned');
  const signed = z.object({ rawTx: hexSchema, txHash: hex32Schema }).parse({ rawTx, txHash: read.hash });
  return { ...plan, ...signed };
}

export async function storeAttempt(
  tx: Sql,
  settlementId: string,
  seq: number,
  kind: 'pay' | 'cancel',
  { rawTx, txHash, fees, gasLimit }: SignedAttempt,
): Promise<void> {
  await tx.query(
    `insert into payments.attempt (settlement_id, seq, kind, raw_tx, tx_hash, max_fee_wei, priority_fee_wei, gas_limit)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[settlementId, seq, kind, rawTx, txHash],
      ...[fees.maxFeeWei.toString(), fees.priorityFeeWei.toString(), gasLimit.toString()],
    ],
  );
}
