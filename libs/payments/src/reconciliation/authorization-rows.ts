import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { AuthorizationFact } from '../chain/usdc.js';

const factRow = z
  .object({
    nonce: hex32Schema,
    kind: z.enum(['used', 'cancelled']),
    tx_hash: z.string(),
    block_number: sqlBigint,
    block_time: sqlTime,
    to_address: z.string().nullable(),
    amount: sqlBigint.nullable(),
  })
  .transform((row) => ({
    nonce: row.nonce,
    kind: row.kind,
    txHash: row.tx_hash,
    blockNumber: row.block_number,
    blockTime: row.block_time,
    toAddress: row.to_address,
    amount: row.amount,
  }));

/** What a final block says about one authorization of the treasury. */
export type FinalAuthorization = z.output<typeof factRow>;

export const treasuryKey = (chain: TreasuryChain): string[] => [
  chain.chainId.toString(),
  chain.tokenAddress,
  chain.treasury.address,
];

export const finalAuthorizations = (
  sql: Sql,
  chain: TreasuryChain,
  nonces: readonly string[],
): Promise<FinalAuthorization[]> =>
  selectRows(
    sql,
    factRow,
    `select nonce, kind, tx_hash, block_number, block_time, to_address, amount from payments.chain_authorization
      where chain_id = $1 and token_address = $2 and treasury_address = $3 and nonce = any ($4)`,
    [...treasuryKey(chain), nonces],
  );

export async function storeAuthorization(
  tx: Sql,
  chain: TreasuryChain,
  fact: AuthorizationFact,
  blockTime: Date,
): Promise<void> {
  const transfer = fact.kind === 'used' ? fact.transfer : null;
  if (fact.kind === 'used' && transfer === null) {
    throw new Error(
      `the authorization ${fact.nonce} was used in ${fact.txHash} without a transfer: not a sound USDC`,
    );
  }
  await tx.query(
    `insert into payments.chain_authorization (chain_id, token_address, treasury_address, nonce, kind, tx_hash,
         block_number, block_time, to_address, amount)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
    [
      ...[...treasuryKey(chain), fact.nonce, fact.kind, fact.txHash, fact.blockNumber.toString(), blockTime],
      ...[transfer?.to ?? null, transfer?.value.toString() ?? null],
    ],
  );
}

const scanRow = z.object({ scanned_to_block: sqlBigint });

export async function scannedTo(sql: Sql, chain: TreasuryChain): Promise<bigint | undefined> {
  const row = await selectRow(
    sql,
    scanRow,
    `select scanned_to_block from payments.authorization_scan
      where chain_id = $1 and token_address = $2 and treasury_address = $3`,
    treasuryKey(chain),
  );
  return row?.scanned_to_block;
}

/** The first block that was read for these books. */
export async function scanBegan(sql: Sql, chain: TreasuryChain): Promise<bigint | undefined> {
  const row = await selectRow(
    sql,
    z.object({ first_block: sqlBigint }),
    `select first_block from payments.authorization_scan
      where chain_id = $1 and token_address = $2 and treasury_address = $3`,
    treasuryKey(chain),
  );
  return row?.first_block;
}

/** New books begin at `block`: what the treasury did before is not theirs. */
export async function beginScan(sql: Sql, chain: TreasuryChain, block: bigint): Promise<void> {
  await sql.query(
    `insert into payments.authorization_scan (chain_id, token_address, treasury_address, first_block, scanned_to_block)
       values ($1, $2, $3, $4::bigint + 1, $4) on conflict do nothing`,
    [...treasuryKey(chain), block.toString()],
  );
}

export async function advanceScan(tx: Sql, chain: TreasuryChain, block: bigint): Promise<void> {
  await tx.query(
    `update payments.authorization_scan set scanned_to_block = greatest(scanned_to_block, $4)
      where chain_id = $1 and token_address = $2 and treasury_address = $3`,
    [...treasuryKey(chain), block.toString()],
  );
}
