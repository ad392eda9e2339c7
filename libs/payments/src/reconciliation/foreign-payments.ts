import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import type { Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { ConflictError, NotFoundError } from '../books/errors.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { lockControl } from '../payouts/settlement-control.js';
import { adoptPayout } from './adopt-payout.js';
import { postFunding } from './movement-rows.js';
import { scaleOf } from './unknown-payments.js';
import { treasuryKey } from './scan-rows.js';

const unknownRow = z
  .object({
    tx_hash: z.string(),
    log_index: sqlBigint,
    block_number: sqlBigint,
    block_time: sqlTime,
    to_address: z.string(),
    amount: sqlBigint,
    authorization_nonce: z.string().nullable(),
  })
  .transform((row) => ({
    txHash: row.tx_hash,
    logIndex: row.log_index,
    blockNumber: row.block_number,
    blockTime: row.block_time,
    toAddress: row.to_address,
    amount: row.amount,
    authorizationNonce: row.authorization_nonce,
  }));

type Unknown = z.output<typeof unknownRow>;

/** Money that left the treasury in a final block, and that no payout accounts for. */
export interface ForeignPayment extends Omit<Unknown, 'amount'> {
  amountMicroUsd: bigint;
}

export interface Explanation {
  txHash: string;
  logIndex: bigint;
  /** Whose payout it was; absent: it was taken out of the treasury. */
  orchestratorId?: string | undefined;
  reason: string;
}

const unknownQuery = `
  select m.tx_hash, m.log_index, m.block_number, m.block_time, m.other_address as to_address, m.amount, m.authorization_nonce
    from payments.treasury_movement m
   where m.chain_id = $1 and m.token_address = $2 and m.treasury_address = $3 and m.direction = 'out' and not m.is_lost
     and not exists (select 1 from payments.foreign_payment f
                      where f.chain_id = m.chain_id and f.tx_hash = m.tx_hash and f.log_index = m.log_index)
     and case when $6 = 'usdc'
           then m.authorization_nonce is not null
                and not exists (select 1 from payments.payout p where p.authorization_nonce = m.authorization_nonce)
           else not exists (select 1 from payments.attempt a join payments.settlement_item i on i.settlement_id = a.settlement_id
                              join payments.payout p on p.id = i.payout_id
                             where a.tx_hash = m.tx_hash and p.method = 'erc20' and p.payout_address = m.other_address
                               and p.amount_micro_usd * $4::numeric = m.amount * $5::numeric) end
   order by m.block_number, m.log_index`;

/**
 * Payments that stop settlement because the books do not know them. A person says what each was: a payout of somebody, which
 * is then counted against what is owed, or money taken out.
 */
export class ForeignPayments {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    private readonly chain: TreasuryChain | undefined,
  ) {}

  /** Oldest first, as far as final blocks were read. */
  async list(signal?: AbortSignal): Promise<ForeignPayment[]> {
    if (!this.chain || !(await this.chain.isReady(signal))) return [];
    const found = await this.unknown(ready(this.database), this.chain);
    return found.map((each) => this.withDollars(each, this.chain));
  }

  /** @throws NotFoundError, ConflictError */
  async explain(explanation: Explanation, actor: string): Promise<ForeignPayment> {
    const { chain } = this;
    if (!chain || !(await chain.isReady())) throw new ConflictError('The chain cannot be used');
    return this.database.transaction(async (tx) => {
      await lockControl(tx);
      const found = (await this.unknown(tx, chain)).find(
        ({ txHash, logIndex }) => txHash === explanation.txHash && logIndex === explanation.logIndex,
      );
      if (!found) throw new NotFoundError('unknown payment', `${explanation.txHash}/${explanation.logIndex}`);
      const payment = this.withDollars(found, chain);
      if (payment.amountMicroUsd < 1n) throw new ConflictError('The payment is less than a micro-dollar');
      const payoutId = await this.book(tx, chain, payment, explanation);
      await tx.query(
        `insert into payments.foreign_payment (chain_id, token_address, treasury_address, tx_hash, log_index,
             authorization_nonce, to_address, amount_micro_usd, payout_id, actor, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          ...[...treasuryKey(chain), found.txHash, found.logIndex.toString(), found.authorizationNonce],
          ...[found.toAddress, payment.amountMicroUsd.toString(), payoutId, actor, explanation.reason],
        ],
      );
      await this.audit.record(tx, {
        ...{ actor, action: 'payment explained', subject: `tx/${found.txHash}/${found.logIndex}` },
        after: {
          ...{ payment_id: payoutId, orchestrator_id: explanation.orchestratorId ?? null },
          ...{
            reason: explanation.reason,
            to_address: found.toAddress,
            amount_micro_usd: payment.amountMicroUsd,
          },
        },
      });
      return payment;
    });
  }

  private async book(
    tx: EntityManager,
    chain: TreasuryChain,
    payment: ForeignPayment,
    { orchestratorId, reason }: Explanation,
  ): Promise<string | null> {
    const { txHash, logIndex, blockTime } = payment;
    if (orchestratorId === undefined) {
      await postFunding(tx, this.ledger, chain, {
        key: `foreign/${txHash}/${logIndex}`,
        microUsd: -payment.amountMicroUsd,
        at: blockTime,
        meta: { txHash, reason },
      });
      return null;
    }
    if (chain.method === 'usdc')
      throw new ConflictError(
        'An authorization that counts on from no payout of these books is none of theirs: it can be taken out only',
      );
    const known = await selectRow(
      tx,
      z.object({ id: z.uuid() }),
      'select id from payments.orchestrator where id = $1',
      [orchestratorId],
    );
    if (!known) throw new NotFoundError('orchestrator', orchestratorId);
    const payout = await adoptPayout(tx, this.ledger, chain, {
      orchestratorId,
      creditAccount: account.treasury(chain.chainId, chain.tokenAddress),
      ...payment,
    });
    return payout.id;
  }

  private unknown(sql: Sql, chain: TreasuryChain): Promise<Unknown[]> {
    return selectRows(sql, unknownRow, unknownQuery, [
      ...treasuryKey(chain),
      ...scaleOf(chain),
      chain.method,
    ]);
  }

  private withDollars({ amount, ...rest }: Unknown, chain: TreasuryChain | undefined): ForeignPayment {
    return { ...rest, amountMicroUsd: toMicroUsd(amount, chain?.decimals ?? 6) };
  }
}
