import type { EntityManager } from 'typeorm';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, selectPayouts } from '../payouts/payout-rows.js';
import type { FinalAuthorization } from '../reconciliation/authorization-rows.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { timeOf } from '../reconciliation/read-range.js';
import type { PaymentFact, SeenPayments } from '../reconciliation/seen-payments.js';
import { bookGas } from './book-gas.js';
import { pauseLane } from './lane.js';
import type { Observation } from './observe.js';
import { type ItemOutcome, outcomeIn } from './outcomes.js';
import { pauseByItself } from './pause-by-itself.js';
import { afterFailure } from './retry.js';
import { lockSettlement, openItems, type Settlement, type SettlementItem } from './settlement-rows.js';

type Mined = Extract<Observation, { kind: 'mined' }>;
interface PaidItem {
  item: SettlementItem;
  fact: PaymentFact;
}
type Facts = ReadonlyMap<string, FinalAuthorization>;

/**
 * Edges E5 and E9: the chain has decided. Each payout by what the token recorded, never by the tx: a batch that succeeded
 * may hold an item that failed, and an item of a batch that failed may have been brought to the chain by a stranger.
 */
export class SettlementFinality {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
    private readonly seen: SeenPayments,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
  ) {}

  /** One of our attempts is in a final block. */
  async finalise(settlementId: string, mined: Mined, signal?: AbortSignal): Promise<void> {
    const blockTime = timeOf(mined.block);
    await this.close(
      settlementId,
      (item) => outcomeIn(mined.receipt, blockTime, item, this.chain.decimals),
      signal,
      (tx, settlement) => bookGas(tx, this.ledger, settlement, mined),
    );
  }

  /** Edge E8: a tx that is not ours has the nonce for good, so no attempt can be mined any more. */
  async finaliseConsumed(settlement: Settlement, signal?: AbortSignal): Promise<void> {
    const reason = `nonce ${settlement.nonce} was used by a tx that is not ours: somebody else has the gas payer's key`;
    await this.close(
      settlement.id,
      () => ({ kind: 'unused' }),
      signal,
      async (tx) => {
        await pauseLane(tx, { chainId: settlement.chainId, address: settlement.fromAddress }, reason);
        await tx.query(`update payments.settlement set trouble = $2 where id = $1`, [settlement.id, reason]);
      },
      reason,
    );
    this.log.error('lane paused', undefined, { settlementId: settlement.id, reason });
  }

  private async close(
    settlementId: string,
    ownOutcome: (item: SettlementItem) => ItemOutcome,
    signal: AbortSignal | undefined,
    also: (tx: EntityManager, settlement: Settlement) => Promise<void>,
    pauseReason: string | null = null,
  ): Promise<void> {
    const items = await this.database.transaction((tx) => openItems(tx, settlementId));
    const missing = items.flatMap((item) =>
      item.authorizationNonce !== null && ownOutcome(item).kind === 'unused' ? [item.authorizationNonce] : [],
    );
    // What is not in our receipt may have been brought to the chain by somebody else, before or after.
    let others: Facts = new Map();
    if (missing.length > 0) {
      await this.scan.advance(signal);
      // Without it nobody knows what became of them: later.
      if (this.scan.disagreement !== null) return;
      others = await this.scan.factsOf(missing);
    }
    const paid = await this.database.transaction(async (tx) => {
      // The emergency stop's lock comes first everywhere.
      if (pauseReason !== null) await pauseByItself(tx, this.audit, pauseReason);
      const settlement = await lockSettlement(tx, settlementId);
      if (!settlement || settlement.status === 'final') return [];
      const due: PaidItem[] = [];
      for (const item of await openItems(tx, settlementId)) {
        const own = ownOutcome(item);
        const other = others.get(item.authorizationNonce ?? '');
        const fact = own.kind === 'paid' ? own.fact : other?.kind === 'used' ? other : undefined;
        if (fact) due.push({ item, fact });
        else await this.releaseItem(tx, settlement, item, own.kind === 'strange' ? own.detail : null);
      }
      const done = await this.payItems(tx, settlement, due);
      await also(tx, settlement);
      await tx.query(
        `update payments.settlement set status = 'final', final_at = payments.clock() where id = $1`,
        [settlementId],
      );
      return done;
    });
    for (const payout of paid) logPayout(this.log, 'payout paid', payout);
  }

  private async payItems(
    tx: EntityManager,
    settlement: Settlement,
    due: readonly PaidItem[],
  ): Promise<Payout[]> {
    const ids = due.map(({ item }) => item.payoutId);
    const locked = await selectPayouts(tx, 'where id = any ($1::uuid[]) order by id for update', [ids]);
    const byId = new Map(locked.map((payout) => [payout.id, payout]));
    const seen = due.map(({ item, fact }) => {
      const payout = byId.get(item.payoutId);
      if (!payout) throw new Error(`the payout ${item.payoutId} is gone`);
      return { payout, fact };
    });
    const paid = await this.seen.payAll(tx, seen);
    await this.setOutcome(tx, settlement, ids, 'paid');
    return paid;
  }

  /** Not executed: free for another settlement, to the same recipient, under the same authorization nonce if it has one. */
  private async releaseItem(
    tx: EntityManager,
    settlement: Settlement,
    item: SettlementItem,
    strange: string | null,
  ): Promise<void> {
    const txHash = settlement.minedTxHash ?? 'no tx';
    await this.setOutcome(tx, settlement, [item.payoutId], 'unused');
    const { status, holdReason, retryAfterSeconds } = afterFailure(item.failures, strange);
    await tx.query(
      `update payments.payout set status = $2, hold_reason = $3, block_number = null, failures = failures + 1,
              retry_at = payments.clock() + make_interval(secs => $4) where id = $1`,
      [item.payoutId, status, holdReason, retryAfterSeconds],
    );
    const detail = holdReason ?? `not executed in ${txHash}, which is final; it is tried again`;
    await recordChange(tx, item.payoutId, status, detail);
    this.log.warn('payout not executed', {
      ...{ payoutId: item.payoutId, settlementId: settlement.id, txHash },
      ...(holdReason !== null && { reason: holdReason }),
    });
  }

  private async setOutcome(
    tx: EntityManager,
    settlement: Settlement,
    payoutIds: readonly string[],
    outcome: 'paid' | 'unused',
  ): Promise<void> {
    await tx.query(
      `update payments.settlement_item set outcome = $3 where settlement_id = $1 and payout_id = any ($2::uuid[])`,
      [settlement.id, payoutIds, outcome],
    );
  }
}
