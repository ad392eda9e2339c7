import type { EntityManager } from 'typeorm';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { TreasuryChain } from '../chain/treasury-chain.js';
import { authorizationFacts } from '../chain/usdc.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';
import type { FinalAuthorization } from '../reconciliation/authorization-rows.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { pauseLane } from './lane.js';
import type { Observation } from './observe.js';
import { lockSettlement, openItems, type Settlement, type SettlementItem } from './settlement-rows.js';

type Mined = Extract<Observation, { kind: 'mined' }>;
type Facts = ReadonlyMap<string, FinalAuthorization>;

const weiPerGwei = 1_000_000_000n;
const timeOf = ({ timestamp }: { timestamp: bigint }): Date => new Date(Number(timestamp) * 1000);

/**
 * Edges E5 and E9: the chain has decided. Each payout by its own authorization, never by the tx: a batch that succeeded
 * may hold an item that failed, and an item of a batch that failed may have been brought to the chain by a stranger.
 */
export class SettlementFinality {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
    private readonly ledger: Ledger,
  ) {}

  /** One of our attempts is in a final block. */
  async finalise(settlementId: string, mined: Mined, signal?: AbortSignal): Promise<void> {
    const own = this.factsInReceipt(mined);
    await this.close(settlementId, own, signal, async (tx, settlement) => {
      await this.bookGas(tx, settlement, mined);
    });
  }

  /** Edge E8: a tx that is not ours has the nonce for good, so no attempt can be mined any more. */
  async finaliseConsumed(settlement: Settlement, signal?: AbortSignal): Promise<void> {
    const reason = `nonce ${settlement.nonce} was used by a tx that is not ours: somebody else has the gas payer's key`;
    await this.close(settlement.id, new Map(), signal, async (tx) => {
      await pauseLane(tx, { chainId: settlement.chainId, address: settlement.fromAddress }, reason);
      await tx.query(`update payments.settlement set trouble = $2 where id = $1`, [settlement.id, reason]);
    });
    this.log.error('lane paused', undefined, { settlementId: settlement.id, reason });
  }

  private factsInReceipt({ receipt, block }: Mined): Facts {
    const facts = authorizationFacts(receipt.logs, this.chain.tokenAddress, this.chain.treasury.address);
    const blockTime = timeOf(block);
    return new Map(
      facts.map(({ nonce, kind, txHash, blockNumber, ...rest }) => {
        const transfer = 'transfer' in rest ? rest.transfer : null;
        const amounts = { toAddress: transfer?.to ?? null, amount: transfer?.value ?? null };
        return [nonce, { nonce, kind, txHash, blockNumber, blockTime, ...amounts }];
      }),
    );
  }

  private async close(
    settlementId: string,
    own: Facts,
    signal: AbortSignal | undefined,
    also: (tx: EntityManager, settlement: Settlement) => Promise<void>,
  ): Promise<void> {
    const items = await this.database.transaction((tx) => openItems(tx, settlementId));
    const missing = items.map((item) => item.authorizationNonce).filter((nonce) => !own.has(nonce));
    // What is not in our receipt may have been brought to the chain by somebody else, before or after.
    let others: Facts = new Map();
    if (missing.length > 0) {
      await this.scan.advance(signal);
      others = await this.scan.factsOf(missing);
    }
    const paid = await this.database.transaction(async (tx) => {
      const settlement = await lockSettlement(tx, settlementId);
      if (!settlement || settlement.status === 'final') return [];
      const done: Payout[] = [];
      for (const item of await openItems(tx, settlementId)) {
        const fact = own.get(item.authorizationNonce) ?? others.get(item.authorizationNonce);
        if (fact?.kind === 'used') done.push(await this.payItem(tx, settlement, item, fact));
        else await this.releaseItem(tx, settlement, item);
      }
      await also(tx, settlement);
      await tx.query(
        `update payments.settlement set status = 'final', final_at = payments.clock() where id = $1`,
        [settlementId],
      );
      return done;
    });
    for (const payout of paid) logPayout(this.log, 'payout paid', payout);
  }

  private async payItem(
    tx: EntityManager,
    settlement: Settlement,
    item: SettlementItem,
    fact: FinalAuthorization,
  ): Promise<Payout> {
    const payout = await selectPayout(tx, item.payoutId, 'for update');
    if (!payout) throw new Error(`the payout ${item.payoutId} is gone`);
    const paid = await this.scan.pay(tx, payout, fact);
    await this.setOutcome(tx, settlement, item, 'paid');
    return paid;
  }

  /** Not executed: free for another settlement, under the same authorization nonce, to the same recipient. */
  private async releaseItem(tx: EntityManager, settlement: Settlement, item: SettlementItem): Promise<void> {
    const txHash = settlement.minedTxHash ?? 'no tx';
    await this.setOutcome(tx, settlement, item, 'unused');
    await tx.query(
      `update payments.payout set status = 'reserved', block_number = null, failures = failures + 1,
              retry_at = payments.clock() + least(interval '1 hour', interval '15 seconds' * power(2, least(failures, 10)))
        where id = $1`,
      [item.payoutId],
    );
    await recordChange(
      tx,
      item.payoutId,
      'reserved',
      `not executed in ${txHash}, which is final; it is tried again`,
    );
    this.log.warn('payout not executed', { payoutId: item.payoutId, settlementId: settlement.id, txHash });
  }

  private async setOutcome(
    tx: EntityManager,
    settlement: Settlement,
    item: SettlementItem,
    outcome: 'paid' | 'unused',
  ): Promise<void> {
    await tx.query(
      `update payments.settlement_item set outcome = $3 where settlement_id = $1 and payout_id = $2`,
      [settlement.id, item.payoutId, outcome],
    );
  }

  /** What the tx cost, whatever became of its items. In gwei, rounded up; exact in the settlement's row. */
  private async bookGas(tx: EntityManager, settlement: Settlement, { receipt, block }: Mined): Promise<void> {
    const costWei = receipt.gasUsed * receipt.effectiveGasPrice;
    if (costWei === 0n) return;
    await this.ledger.post(tx, {
      kind: 'gas',
      idempotencyKey: `settlement/${settlement.id}/gas`,
      effectiveAt: timeOf(block),
      transfers: [
        {
          debit: account.gasSpent(settlement.chainId),
          credit: account.gas(settlement.chainId),
          amountGwei: (costWei + weiPerGwei - 1n) / weiPerGwei,
        },
      ],
      meta: { settlementId: settlement.id, txHash: receipt.transactionHash, costWei: costWei.toString() },
    });
  }
}
