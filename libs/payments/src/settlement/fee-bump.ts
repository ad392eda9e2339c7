import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { bumpFees, type Fees } from '../chain/fee-policy.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { recordChange } from '../payouts/payout-rows.js';
import { lockControl } from '../payouts/settlement-control.js';
import { feeCapWei, quote } from './preflight.js';
import type { SettlementOptions } from './settlement-options.js';
import { type Attempt, attemptsOf, lockSettlement, openItems, type Settlement } from './settlement-rows.js';
import { signAttempt, storeAttempt } from './sign-attempt.js';

const feeIsTooLow = new Set(['fee-too-low', 'replacement-underpriced']);

/** Edge E6: the same nonce and payload with a higher fee, in the database before it is on the network. */
export class FeeBump {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly options: SettlementOptions,
  ) {}

  isDue(newest: Attempt): boolean {
    if (newest.msSinceFirstSent === null) return false;
    if (newest.lastErrorClass !== null && feeIsTooLow.has(newest.lastErrorClass)) return true;
    return newest.msSinceFirstSent >= (this.options.feeBumpSeconds ?? 30) * 1_000;
  }

  /** The new attempt, or undefined when there is to be none: paused, above the cap, or the settlement moved on. */
  async bump(settlement: Settlement, signal?: AbortSignal): Promise<Attempt | undefined> {
    const { fees: fresh } = await this.chain.ask((node) => quote(node, settlement.chainId), signal);
    return this.database.transaction(async (tx) => {
      if ((await lockControl(tx)) !== null) return undefined;
      const locked = await lockSettlement(tx, settlement.id);
      if (locked?.status !== 'signed' && locked?.status !== 'sent') return undefined;
      const [newest] = await attemptsOf(tx, settlement.id);
      if (!newest || !this.isDue(newest)) return undefined;
      const fees = bumpFees(newest.fees, fresh, feeCapWei(this.chain));
      if (!fees) {
        await tx.query(`update payments.settlement set trouble = $2 where id = $1`, [
          settlement.id,
          'the fee cannot be raised further: the maximum is reached',
        ]);
        return undefined;
      }
      await this.store(tx, locked, newest, fees);
      return (await attemptsOf(tx, settlement.id))[0];
    });
  }

  private async store(
    tx: Parameters<typeof lockSettlement>[0],
    settlement: Settlement,
    newest: Attempt,
    fees: Fees,
  ): Promise<void> {
    const { chainId, nonce, txTo, txData } = settlement;
    const plan = { chainId, nonce, to: txTo, data: txData, gasLimit: newest.gasLimit, fees };
    const signed = await signAttempt(this.chain.gasPayer, plan);
    await storeAttempt(tx, settlement.id, newest.seq + 1, signed);
    for (const { payoutId } of await openItems(tx, settlement.id)) {
      const status = settlement.status === 'signed' ? 'reserved' : 'sent';
      await recordChange(
        tx,
        payoutId,
        status,
        `fee raised, signed again with nonce ${nonce} as ${signed.txHash}`,
      );
    }
    this.log.info('settlement fee raised', {
      ...{ settlementId: settlement.id, nonce: nonce.toString(), txHash: signed.txHash },
      maxFeeWei: fees.maxFeeWei.toString(),
    });
  }
}
