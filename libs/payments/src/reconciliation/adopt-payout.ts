import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { booksClock, payPayout } from '../payouts/close-payout.js';
import type { Payout } from '../payouts/payout.js';
import { payoutId } from '../payouts/payout-id.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';

const numberRow = z.object({ ledger_id: z.uuid(), number: sqlBigint });

interface PaidElsewhere {
  orchestratorId: string;
  creditAccount: string;
  amountMicroUsd: bigint;
  toAddress: string;
  txHash: string;
  blockNumber: bigint;
  blockTime: Date;
}

/** The next payout of a payee, made and paid at once: what a plain transfer paid without these books. */
export async function adoptPayout(
  tx: EntityManager,
  ledger: Ledger,
  chain: TreasuryChain,
  { orchestratorId, amountMicroUsd, toAddress, creditAccount, ...paid }: PaidElsewhere,
): Promise<Payout> {
  await ledger.lockBalance(tx, account.payable(orchestratorId));
  const next = await selectRow(
    tx,
    numberRow,
    `select ledger_id, (select coalesce(max(number), 0) + 1 from payments.payout
                         where orchestrator_id = $1 and asset = $2) as number from payments.book`,
    [orchestratorId, chain.asset],
  );
  if (!next) throw new Error('the books have not been opened');
  const id = payoutId(next.ledger_id, orchestratorId, chain.asset, next.number);
  const at = await booksClock(tx);
  await tx.query(
    `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, payout_address, chain_id,
         token_address, treasury_address, status, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'reserved', $11)`,
    [
      ...[id, orchestratorId, chain.method, chain.asset, next.number.toString(), amountMicroUsd.toString()],
      ...[toAddress, chain.chainId.toString(), chain.tokenAddress, chain.treasury.address, at],
    ],
  );
  await ledger.post(tx, {
    kind: 'reserve',
    idempotencyKey: `payout/${id}/reserve`,
    effectiveAt: at,
    transfers: [
      {
        debit: account.payable(orchestratorId),
        credit: account.inSettlement(orchestratorId),
        amountMicroUsd,
      },
    ],
    meta: { payoutId: id },
  });
  await recordChange(tx, id, 'reserved', 'found on the chain; a person said whose it is');
  const payout = await selectPayout(tx, id);
  if (!payout) throw new Error(`the payout ${id} was not stored`);
  const { txHash, blockNumber, blockTime } = paid;
  return payPayout(tx, ledger, payout, {
    ...{ creditAccount, at: blockTime, txHash, blockNumber },
    detail: `final in block ${blockNumber} by ${txHash}`,
  });
}
