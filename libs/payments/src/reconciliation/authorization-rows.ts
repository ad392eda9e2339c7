import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { AuthorizationFact } from '../chain/treasury-events.js';
import { treasuryKey } from './scan-rows.js';

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

export const finalAuthorizations = (
  sql: Sql,
  chain: TreasuryChain,
  nonces: readonly string[],
): Promise<FinalAuthorization[]> =>
  selectRows(
    sql,
    factRow,
    `select nonce, kind, tx_hash, block_number, block_time, to_address, amount from payments.final_authorization
      where chain_id = $1 and token_address = $2 and treasury_address = $3 and nonce = any ($4)`,
    [...treasuryKey(chain), nonces],
  );

/** A fact that is in the books already, and whose block is still in the chain, is not written twice. */
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
  const same = 'k.chain_id = $1 and k.token_address = $2 and k.treasury_address = $3 and k.nonce = $4';
  await tx.query(
    `insert into payments.chain_authorization (chain_id, token_address, treasury_address, nonce, kind, tx_hash,
         block_number, block_time, to_address, amount, block_hash, generation)
       select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
              1 + coalesce((select max(k.generation) from payments.chain_authorization k where ${same}), 0)
        where not exists (select 1 from payments.final_authorization k where ${same})
       on conflict do nothing`,
    [
      ...[...treasuryKey(chain), fact.nonce, fact.kind, fact.txHash, fact.blockNumber.toString(), blockTime],
      ...[transfer?.to ?? null, transfer?.value.toString() ?? null, fact.blockHash],
    ],
  );
}
