import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow } from '../books/sql-rows.js';
import { type Block, costWei, type Receipt } from '../chain/eth-schemas.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Settlement } from './settlement-rows.js';

const weiPerGwei = 1_000_000_000n;

/** Of the first final block of a settlement, and of another one after that has left the chain. */
export const gasKeys = (settlementId: string, blockHash: string): [string, string] => [
  `settlement/${settlementId}/gas`,
  `settlement/${settlementId}/gas/${blockHash}`,
];

/** What the tx cost, whatever became of it: success, revert or cancel. In gwei, rounded up; exact in the settlement's row. */
export async function bookGas(
  tx: EntityManager,
  ledger: Ledger,
  settlement: Settlement,
  { receipt, block }: { receipt: Receipt; block: Block },
): Promise<void> {
  const cost = costWei(receipt);
  await tx.query('update payments.settlement set gas_cost_wei = $2 where id = $1', [
    settlement.id,
    cost.toString(),
  ]);
  if (cost === 0n) return;
  const [first, again] = gasKeys(settlement.id, receipt.blockHash);
  const row = await selectRow(
    tx,
    z.object({ is_taken: z.boolean() }),
    'select exists (select 1 from ledger.journal_entry where idempotency_key = $1) as is_taken',
    [first],
  );
  await ledger.post(tx, {
    kind: 'gas',
    idempotencyKey: row?.is_taken === true ? again : first,
    effectiveAt: new Date(Number(block.timestamp) * 1000),
    transfers: [
      {
        debit: account.gasSpent(settlement.chainId),
        credit: account.gas(settlement.chainId),
        amountGwei: (cost + weiPerGwei - 1n) / weiPerGwei,
      },
    ],
    meta: { settlementId: settlement.id, txHash: receipt.transactionHash, costWei: cost.toString() },
  });
}
