import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { costWei } from '../chain/eth-schemas.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChanges, selectPayouts } from '../payouts/payout-rows.js';
import type { SettlementFinality } from './finalise.js';
import { type ChainView, isSameEnd, observe, type Observation, viewOf } from './observe.js';
import { pollMs, type SettlementOptions } from './settlement-options.js';
import { attemptsOf, lockSettlement, type Settlement } from './settlement-rows.js';

type Mined = Extract<Observation, { kind: 'mined' }>;

/** Edges E3, E4, and the way to E5: what the chain shows is written down, and taken back when the chain takes it back. */
export class SettlementWatch {
  private readonly log = new FactLogger('settlement');
  private readonly lookedAtMs = new Map<string, number>();
  private readonly pollMs: number;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly finality: SettlementFinality,
    options: SettlementOptions,
  ) {
    this.pollMs = pollMs(options);
  }

  /**
   * What one node shows of these settlements at one moment. One that is in a block and waits for finality is looked at
   * again only now and then, or when its block has become final.
   */
  async observe(
    settlements: readonly Settlement[],
    signal?: AbortSignal,
  ): Promise<[Settlement, Observation][]> {
    if (settlements.length === 0) return [];
    return this.chain.ask(async (node) => {
      const view = await viewOf(node, this.chain.options.finality);
      const seen: [Settlement, Observation][] = [];
      for (const settlement of settlements) {
        if (!this.isWorthALook(settlement, view)) continue;
        const attempts = await attemptsOf(ready(this.database), settlement.id);
        seen.push([settlement, await observe(node, view, settlement, attempts)]);
        this.lookedAtMs.set(settlement.id, performance.now());
      }
      return seen;
    }, signal);
  }

  private isWorthALook({ id, status, minedBlockNumber }: Settlement, { final }: ChainView): boolean {
    if (status !== 'mined' || minedBlockNumber === null) return true;
    if (final !== null && minedBlockNumber <= final.number) return true;
    return performance.now() - (this.lookedAtMs.get(id) ?? -Infinity) >= this.pollMs;
  }

  /** Writes down what was seen. True while the settlement still has to reach a block. */
  async note(settlement: Settlement, seen: Observation, signal?: AbortSignal): Promise<boolean> {
    switch (seen.kind) {
      case 'mined':
        await this.noteMined(settlement, seen);
        if (seen.isFinal) await this.finalise(settlement, signal);
        return false;
      case 'absent':
        await this.noteAbsent(settlement);
        return true;
      case 'nonce-consumed':
        await this.noteAbsent(settlement);
        if (seen.isFinal) await this.finalise(settlement, signal);
        return false;
      case 'node-behind':
        return false;
    }
  }

  /** One node has said that it is over. It is when another one says the same. */
  private async finalise(settlement: Settlement, signal?: AbortSignal): Promise<void> {
    const attempts = await attemptsOf(ready(this.database), settlement.id);
    const agreed = await this.chain.agree(
      async (node) => observe(node, await viewOf(node, this.chain.options.finality), settlement, attempts),
      isSameEnd,
      signal,
    );
    if (!agreed.agreed) {
      await this.sayTrouble(settlement, `final at one node only: ${agreed.detail}`);
      return;
    }
    const { value: seen } = agreed;
    if (seen.kind === 'mined' && seen.isFinal) await this.finality.finalise(settlement.id, seen, signal);
    if (seen.kind === 'nonce-consumed' && seen.isFinal)
      await this.finality.finaliseConsumed(settlement, signal);
    this.lookedAtMs.delete(settlement.id);
  }

  private async sayTrouble({ id, trouble }: Settlement, detail: string): Promise<void> {
    if (trouble === detail) return;
    await this.database.transaction((tx) =>
      tx.query(`update payments.settlement set trouble = $2 where id = $1 and status <> 'final'`, [
        id,
        detail,
      ]),
    );
  }

  private async noteMined(settlement: Settlement, { receipt }: Mined): Promise<void> {
    const isKnown =
      settlement.minedTxHash === receipt.transactionHash && settlement.minedBlockHash === receipt.blockHash;
    if (isKnown) return;
    const mined = await this.database.transaction(async (tx): Promise<Payout[]> => {
      const locked = await lockSettlement(tx, settlement.id);
      if (!locked || locked.status === 'final') return [];
      if (locked.minedTxHash === receipt.transactionHash && locked.minedBlockHash === receipt.blockHash)
        return [];
      await tx.query(
        `update payments.settlement set status = 'mined', mined_tx_hash = $2, mined_block_number = $3,
                mined_block_hash = $4, receipt_ok = $5, gas_used = $6, gas_price_wei = $7, gas_cost_wei = $8, trouble = null
          where id = $1`,
        [
          ...[settlement.id, receipt.transactionHash, receipt.blockNumber.toString(), receipt.blockHash],
          ...[receipt.status, receipt.gasUsed.toString(), receipt.effectiveGasPrice.toString()],
          costWei(receipt).toString(),
        ],
      );
      return this.movePayouts(tx, settlement.id, {
        status: 'mined',
        detail: `mined in block ${receipt.blockNumber} (${receipt.blockHash}) as ${receipt.transactionHash}, not final yet`,
        txHash: receipt.transactionHash,
        blockNumber: receipt.blockNumber,
      });
    });
    for (const payout of mined) logPayout(this.log, 'payout mined', payout);
  }

  /** Back from a block that is no longer in the chain: the attempts are sent again, the same bytes. */
  private async noteAbsent(settlement: Settlement): Promise<void> {
    if (settlement.status !== 'mined') return;
    const lost = await this.database.transaction(async (tx): Promise<Payout[]> => {
      const locked = await lockSettlement(tx, settlement.id);
      if (locked?.status !== 'mined' || locked.minedBlockHash !== settlement.minedBlockHash) return [];
      await tx.query(
        `update payments.settlement set status = 'sent', mined_tx_hash = null, mined_block_number = null,
                mined_block_hash = null, receipt_ok = null, gas_used = null, gas_price_wei = null, gas_cost_wei = null
          where id = $1`,
        [settlement.id],
      );
      // As if it had never been sent: it is in no block and may be in no pool. Its fee is not to blame either.
      await tx.query(
        `update payments.attempt set send_count = 0, first_sent_at = null, last_sent_at = null where settlement_id = $1`,
        [settlement.id],
      );
      return this.movePayouts(tx, settlement.id, {
        status: 'sent',
        detail: `a reorganisation of the chain removed block ${settlement.minedBlockNumber ?? ''}; sent again`,
        txHash: settlement.minedTxHash,
        blockNumber: null,
      });
    });
    if (lost.length === 0) return;
    this.log.warn('settlement reorganised', {
      settlementId: settlement.id,
      txHash: settlement.minedTxHash,
      blockNumber: settlement.minedBlockNumber?.toString(),
      payoutIds: lost.map(({ id }) => id),
    });
  }

  private async movePayouts(
    tx: Parameters<typeof lockSettlement>[0],
    settlementId: string,
    to: { status: 'sent' | 'mined'; detail: string; txHash: string | null; blockNumber: bigint | null },
  ): Promise<Payout[]> {
    const payouts = await selectPayouts(
      tx,
      `join payments.settlement_item i on i.payout_id = p.id
        where i.settlement_id = $1 and i.outcome is null for update of p`,
      [settlementId],
    );
    const ids = payouts.map(({ id }) => id);
    await tx.query(
      `update payments.payout set status = $2, tx_hash = $3, block_number = $4 where id = any ($1::uuid[])`,
      [ids, to.status, to.txHash, to.blockNumber?.toString() ?? null],
    );
    await recordChanges(tx, ids, to.status, to.detail);
    const { status, txHash, blockNumber } = to;
    return payouts.map((payout) => ({ ...payout, status, txHash, blockNumber }));
  }
}
