import type { EntityManager } from 'typeorm';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { payPayouts } from '../payouts/close-payout.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';
import { type FinalAuthorization, finalAuthorizations } from './authorization-rows.js';

/** What a final block says about a payment. */
export type PaymentFact = Pick<
  FinalAuthorization,
  'txHash' | 'blockNumber' | 'blockTime' | 'toAddress' | 'amount'
>;

/** Closes payouts because of what the chain shows. */
export class SeenPayments {
  private readonly log = new FactLogger('reconciliation');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly ledger: Ledger,
  ) {}

  /**
   * Closes payouts whose authorization the token has seen, though no settlement of ours is open for them: mined by
   * somebody else, or paid by these books before they were restored from a backup. What is not final yet waits.
   */
  async settleUsed(payoutIds: readonly string[]): Promise<void> {
    for (const id of payoutIds) {
      const paid = await this.database.transaction(async (tx) => {
        const payout = await selectPayout(tx, id, 'for update');
        if (!payout || !['reserved', 'held'].includes(payout.status)) return undefined;
        const [fact] = await finalAuthorizations(tx, this.chain, [payout.authorizationNonce ?? '']);
        if (!fact) return undefined;
        // Another amount or recipient is no payment of this payout: it is named, and stops settlement.
        if (fact.kind === 'used') return this.isAsOwed(payout, fact) ? this.pay(tx, payout, fact) : undefined;
        if (payout.status === 'reserved') {
          const reason = `its authorization was cancelled in ${fact.txHash}`;
          await tx.query(`update payments.payout set status = 'held', hold_reason = $2 where id = $1`, [
            id,
            reason,
          ]);
          await recordChange(tx, id, 'held', reason);
        }
        return undefined;
      });
      if (paid) logPayout(this.log, 'payout paid', paid);
    }
  }

  isAsOwed(payout: Payout, { toAddress, amount }: PaymentFact): boolean {
    return (
      toAddress === payout.payoutAddress &&
      amount !== null &&
      toMicroUsd(amount, this.chain.decimals) === payout.amountMicroUsd
    );
  }

  /** @throws Error when the chain paid something else; the payout stays as it is */
  async pay(tx: EntityManager, payout: Payout, fact: PaymentFact): Promise<Payout> {
    const [paid] = await this.payAll(tx, [{ payout, fact }]);
    if (!paid) throw new Error(`the payout ${payout.id} is gone`);
    return paid;
  }

  /** @throws Error when the chain paid something else for one of them; all stay as they are */
  async payAll(tx: EntityManager, seen: readonly { payout: Payout; fact: PaymentFact }[]): Promise<Payout[]> {
    const wrong = seen.find(({ payout, fact }) => !this.isAsOwed(payout, fact));
    if (wrong) {
      throw new Error(
        `the chain paid another amount or recipient for the payout ${wrong.payout.id} in ${wrong.fact.txHash}`,
      );
    }
    const creditAccount = account.treasury(this.chain.chainId, this.chain.tokenAddress);
    const paid = seen.map(({ payout, fact: { blockTime, blockNumber, txHash } }) => ({
      payout,
      payment: {
        ...{ creditAccount, at: blockTime, txHash, blockNumber },
        detail: `final in block ${blockNumber} by ${txHash}`,
      },
    }));
    return payPayouts(tx, this.ledger, paid);
  }
}
