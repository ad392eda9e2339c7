import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import { Ledger } from '../ledger/ledger.js';
import { booksClock, payPayout } from '../payouts/close-payout.js';
import type { Payout } from '../payouts/payout.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';
import { lockControl } from '../payouts/settlement-control.js';
import { openConnection } from './books-connection.js';
import { assetOf, findLostPayouts, type LostPayout, type Treasury } from './lost-payouts.js';

export class NotPausedError extends Error {
  override readonly name = 'NotPausedError';
  constructor() {
    super('Settlement is not paused: payments are entered into books that pay nobody meanwhile.');
  }
}

const paymentRow = z
  .object({
    chain_id: sqlBigint,
    token_address: z.string(),
    treasury_address: z.string(),
    nonce: z.string(),
    tx_hash: z.string(),
    block_number: sqlBigint,
    block_time: sqlTime,
    to_address: z.string(),
    amount: sqlBigint,
  })
  .transform((row) => ({
    chainId: row.chain_id,
    tokenAddress: row.token_address,
    treasuryAddress: row.treasury_address,
    nonce: row.nonce,
    txHash: row.tx_hash,
    blockNumber: row.block_number,
    blockTime: row.block_time,
    toAddress: row.to_address,
    amount: row.amount,
  }));

/** Paid at a final block by an authorization that no payout of these books has. */
export type UnknownPayment = z.output<typeof paymentRow>;

export interface Adoption {
  adopted: Payout[];
  /** Of another ledger, of an orchestrator that these books do not have, or by the treasury's key in other hands. */
  unknown: UnknownPayment[];
}

const paymentsQuery = `
  select c.chain_id, c.token_address, c.treasury_address, c.nonce, c.tx_hash, c.block_number, c.block_time, c.to_address, c.amount
    from payments.final_authorization c
   where c.kind = 'used' and not exists (select 1 from payments.payout p where p.authorization_nonce = c.nonce)
     and not exists (select 1 from payments.foreign_payment f where f.authorization_nonce = c.nonce)
   order by c.block_number, c.nonce`;

/**
 * Enters into restored books the payments that they have lost, as the chain has them: for each authorization that the
 * reconciliation has read from final blocks and that counts on from a known payout, the payout with the amount and the
 * recipient that the token recorded, reserved and paid. What was payable may fall below zero until the lost periods have been
 * assessed again. All or nothing; a second time finds nothing.
 * @throws NotPausedError
 */
export async function adoptPayments(url: string): Promise<Adoption> {
  const { sql, close } = await openConnection(url);
  try {
    await sql.query('begin');
    const adoption = await adoptWithin(sql);
    await sql.query('commit');
    return adoption;
  } finally {
    await close();
  }
}

async function adoptWithin(tx: EntityManager): Promise<Adoption> {
  if ((await lockControl(tx)) === null) throw new NotPausedError();
  return adoptLostPayments(tx);
}

/** The same within a transaction that holds the emergency stop's lock, so that nothing is reserved or signed meanwhile. */
export async function adoptLostPayments(tx: EntityManager): Promise<Adoption> {
  const payments = new Map(
    (await selectRows(tx, paymentRow, paymentsQuery)).map((each) => [each.nonce, each]),
  );
  const adopted: Payout[] = [];
  for (const treasury of treasuriesOf(payments.values())) {
    for (const lost of await lostPayouts(tx, treasury, new Set(payments.keys()))) {
      const payment = payments.get(lost.nonce);
      if (!payment) continue;
      adopted.push(await adopt(tx, lost, payment));
      payments.delete(lost.nonce);
    }
  }
  return { adopted, unknown: [...payments.values()] };
}

function treasuriesOf(payments: Iterable<UnknownPayment>): Treasury[] {
  return [...new Map([...payments].map((payment) => [assetOf(payment), payment])).values()];
}

const bookRow = z.object({ ledger_id: z.uuid() });
const orchestratorRow = z
  .object({ id: z.uuid(), last_number: sqlBigint })
  .transform((row) => ({ id: row.id, lastNumber: row.last_number }));

async function lostPayouts(
  tx: EntityManager,
  treasury: Treasury,
  nonces: ReadonlySet<string>,
): Promise<LostPayout[]> {
  const book = await selectRow(tx, bookRow, 'select ledger_id from payments.book');
  if (!book) throw new Error('the books have not been opened');
  const orchestrators = await selectRows(
    tx,
    orchestratorRow,
    `select o.id, coalesce((select max(p.number) from payments.payout p
                             where p.orchestrator_id = o.id and p.asset = $1), 0) as last_number
       from payments.orchestrator o order by o.created_at, o.id`,
    [assetOf(treasury)],
  );
  return findLostPayouts(book.ledger_id, treasury, nonces, orchestrators);
}

async function adopt(tx: EntityManager, lost: LostPayout, payment: UnknownPayment): Promise<Payout> {
  const { id, orchestratorId, asset, number, nonce } = lost;
  const { chainId, tokenAddress, treasuryAddress, toAddress, amount, txHash, blockNumber, blockTime } =
    payment;
  const at = await booksClock(tx);
  const ledger = new Ledger();
  await tx.query(
    `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, payout_address, chain_id,
         token_address, treasury_address, authorization_nonce, status, created_at)
       values ($1, $2, 'usdc', $3, $4, $5, $6, $7, $8, $9, $10, 'reserved', $11)`,
    [
      ...[id, orchestratorId, asset, number.toString(), amount.toString(), toAddress],
      ...[chainId.toString(), tokenAddress, treasuryAddress, nonce, at],
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
        amountMicroUsd: amount,
      },
    ],
    meta: { payoutId: id },
  });
  await recordChange(tx, id, 'reserved', 'found on the chain after the books were restored');
  const payout = await selectPayout(tx, id);
  if (!payout) throw new Error(`the payout ${id} was not stored`);
  await tx.query(
    `insert into payments.audit (actor, action, subject, after) values ('restore', 'payment adopted', $1, $2::jsonb)`,
    [`payout/${id}`, JSON.stringify({ txHash, toAddress, amountMicroUsd: amount.toString() })],
  );
  return payPayout(tx, ledger, payout, {
    ...{ creditAccount: account.treasury(chainId, tokenAddress), at: blockTime, txHash, blockNumber },
    detail: `final in block ${blockNumber} by ${txHash}`,
  });
}
