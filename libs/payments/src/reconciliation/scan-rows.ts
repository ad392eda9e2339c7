import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';

/** What the rows about a treasury begin with. */
export const treasuryKey = (chain: TreasuryChain): string[] => [
  chain.chainId.toString(),
  chain.tokenAddress,
  chain.treasury.address,
];

const ofTreasury = 'chain_id = $1 and token_address = $2 and treasury_address = $3';

const scanRow = z
  .object({
    first_block: sqlBigint,
    scanned_to_block: sqlBigint,
    scanned_hash: hex32Schema.nullable(),
    opening_amount: sqlBigint.nullable(),
  })
  .transform((row) => ({
    firstBlock: row.first_block,
    scannedTo: row.scanned_to_block,
    scannedHash: row.scanned_hash,
    openingAmount: row.opening_amount,
  }));

/** How far the treasury's doings have been read from final blocks. */
export type Scan = z.output<typeof scanRow>;

export const readScan = (sql: Sql, chain: TreasuryChain, lock = ''): Promise<Scan | undefined> =>
  selectRow(
    sql,
    scanRow,
    `select first_block, scanned_to_block, scanned_hash, opening_amount from payments.authorization_scan
      where ${ofTreasury} ${lock}`,
    treasuryKey(chain),
  );

/** New books begin after `block`: what the treasury did before is not theirs. True when they did so now. */
export async function beginScan(sql: Sql, chain: TreasuryChain, block: bigint): Promise<boolean> {
  const row = await selectRow(
    sql,
    z.object({ first_block: sqlBigint }),
    `insert into payments.authorization_scan (chain_id, token_address, treasury_address, first_block, scanned_to_block)
       values ($1, $2, $3, $4::bigint + 1, $4) on conflict do nothing returning first_block`,
    [...treasuryKey(chain), block.toString()],
  );
  return row !== undefined;
}

/** Never back, but for `rewindScan`: a replica that is slower has read less. */
export async function advanceScan(
  tx: Sql,
  chain: TreasuryChain,
  block: { number: bigint; hash: string },
): Promise<void> {
  await tx.query(
    `update payments.authorization_scan set scanned_to_block = $4, scanned_hash = $5
      where ${ofTreasury} and scanned_to_block <= $4`,
    [...treasuryKey(chain), block.number.toString(), block.hash],
  );
}

/** The blocks after `block` are read again. */
export async function rewindScan(tx: Sql, chain: TreasuryChain, block: bigint): Promise<void> {
  await tx.query(
    `update payments.authorization_scan set scanned_to_block = least(scanned_to_block, $4), scanned_hash = null
      where ${ofTreasury}`,
    [...treasuryKey(chain), block.toString()],
  );
}

export async function storeOpening(
  tx: Sql,
  chain: TreasuryChain,
  block: bigint,
  amount: bigint,
): Promise<void> {
  await tx.query(
    `update payments.authorization_scan set movements_from = $4, opening_amount = $5
      where ${ofTreasury} and movements_from is null`,
    [...treasuryKey(chain), block.toString(), amount.toString()],
  );
}
