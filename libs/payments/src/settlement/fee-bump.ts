import type { EntityManager } from 'typeorm';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { bumpFees } from '../chain/fee-policy.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { recordChanges } from '../payouts/payout-rows.js';
import { lockControl } from '../payouts/settlement-control.js';
import { cancelPayload, nextKind, replacementGasLimit, whyReplaced } from './replacement.js';
import { feeCapWei, quote } from './preflight.js';
import type { SettlementOptions } from './settlement-options.js';
import { type Attempt, attemptsOf, lockSettlement, openItems, type Settlement } from './settlement-rows.js';
import { type AttemptPlan, signAttempt, storeAttempt } from './sign-attempt.js';

/**
 * Edge E6: the same nonce and payload with a higher fee. Edge E7: the same nonce for a tx to ourselves. In the database
 * before it is on the network, both.
 */
export class FeeBump {
  private readonly log = new FactLogger('settlement');
  private readonly bumpAfterMs: number;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    { feeBumpSeconds = 30 }: SettlementOptions,
  ) {
    this.bumpAfterMs = feeBumpSeconds * 1_000;
  }

  /** @param isHead whether all settlements before it are in blocks */
  isDue(settlement: Settlement, newest: Attempt, isHead: boolean): boolean {
    return whyReplaced(settlement, newest, isHead ? this.bumpAfterMs : Infinity) !== null;
  }

  /** The new attempt, or undefined when there is to be none: paused, above the cap, or the settlement moved on. */
  async bump(settlement: Settlement, isHead: boolean, signal?: AbortSignal): Promise<Attempt | undefined> {
    const fresh = await this.chain.ask(async (node) => {
      const { fees } = await quote(node, settlement.chainId);
      const plain = { from: settlement.fromAddress, to: settlement.fromAddress, data: '0x' };
      const cancelGas = settlement.cancelRequested ? await node.estimateGas(plain) : 0n;
      return { fees, cancelGas };
    }, signal);
    return this.database.transaction(async (tx) => {
      const pause = await lockControl(tx);
      const locked = await lockSettlement(tx, settlement.id);
      if (locked?.status !== 'signed' && locked?.status !== 'sent') return undefined;
      const [newest] = await attemptsOf(tx, settlement.id);
      if (!newest) return undefined;
      if (!this.isDue(locked, newest, isHead)) return undefined;
      const kind = nextKind(locked);
      // A pause stops what pays; giving a nonce up pays nobody.
      if (pause !== null && kind === 'pay') return undefined;
      const fees = bumpFees(newest.fees, fresh.fees, feeCapWei(this.chain));
      if (!fees) {
        await tx.query(`update payments.settlement set trouble = $2 where id = $1`, [
          settlement.id,
          'the fee cannot be raised further: the maximum is reached',
        ]);
        return undefined;
      }
      const { chainId, nonce, txTo, txData, fromAddress } = locked;
      const payload = kind === 'pay' ? { to: txTo, data: txData } : cancelPayload(fromAddress);
      const gasLimit = replacementGasLimit(kind, newest, fresh.cancelGas);
      await this.store(tx, locked, newest, kind, { chainId, nonce, ...payload, gasLimit, fees });
      return (await attemptsOf(tx, settlement.id))[0];
    });
  }

  private async store(
    tx: EntityManager,
    settlement: Settlement,
    newest: Attempt,
    kind: 'pay' | 'cancel',
    plan: AttemptPlan,
  ): Promise<void> {
    const { nonce } = settlement;
    const signed = await signAttempt(this.chain.gasPayer, plan);
    await storeAttempt(tx, settlement.id, newest.seq + 1, kind, signed);
    const ids = (await openItems(tx, settlement.id)).map(({ payoutId }) => payoutId);
    const detail =
      kind === 'cancel'
        ? `nonce ${nonce} is given up by ${signed.txHash}; whichever of its txs is mined decides`
        : `fee raised, signed again with nonce ${nonce} as ${signed.txHash}`;
    await recordChanges(tx, ids, settlement.status === 'signed' ? 'reserved' : 'sent', detail);
    this.log.info(kind === 'cancel' ? 'settlement cancelling' : 'settlement fee raised', {
      ...{ settlementId: settlement.id, nonce: nonce.toString(), txHash: signed.txHash },
      maxFeeWei: plan.fees.maxFeeWei.toString(),
    });
  }
}
