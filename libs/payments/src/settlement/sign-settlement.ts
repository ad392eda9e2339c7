import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { type Sql, selectRow } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { formatUsd } from '../money/micro-usd.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, recordChanges, selectPayout } from '../payouts/payout-rows.js';
import { lockControl, readPause } from '../payouts/settlement-control.js';
import type { SeenPayments } from '../reconciliation/seen-payments.js';
import { withinDailyMaximum } from './afford.js';
import type { BooksGuard } from './books-guard.js';
import { advanceLane, lockLane } from './lane.js';
import { hasRoom, type LaneWindow, maxUnmined, nextNonce } from './lane-window.js';
import {
  inFlight,
  lockUnboundPayouts,
  type PayablePayout,
  signedInLastDay,
  unboundPayouts,
} from './payable-payouts.js';
import { payloadOf } from './payload.js';
import { preflight, type Preflight } from './preflight.js';
import type { SettlementOptions } from './settlement-options.js';
import { signAttempt, storeAttempt } from './sign-attempt.js';

const windowRow = z.object({ unsent: z.int(), unmined: z.int(), open: z.int() });

/** What the next turn waits for, for people; null when there is nothing to wait for. */
export type SigningOutcome =
  { signed: true; settlementId: string } | { signed: false; waitsFor: string | null };

const nothing: SigningOutcome = { signed: false, waitsFor: null };
const waiting = (waitsFor: string): SigningOutcome => ({ signed: false, waitsFor });

/** Edge E0: reserved payouts become a signed settlement that is in the database before it is on the network. */
export class SettlementSigning {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly guard: BooksGuard,
    private readonly seen: SeenPayments,
    private readonly options: SettlementOptions,
  ) {}

  /** Signs one settlement when payouts wait for one and the lane is free. */
  async signNext(signal?: AbortSignal): Promise<SigningOutcome> {
    const sql = ready(this.database);
    const pause = await readPause(sql);
    if (pause !== null) return waiting(`paused by ${pause.actor}: ${pause.reason}`);
    const batchSize = this.chain.method === 'erc20' ? 1 : (this.options.batchSize ?? 50);
    const candidates = await unboundPayouts(sql, this.chain, batchSize);
    if (candidates.length === 0) return nothing;
    if (!hasRoom(await this.window(sql))) return nothing;

    // The books must know every payment that the chain knows, before one is added.
    const unknown = await this.guard.beforeSigning(signal);
    if (unknown !== null) return waiting(unknown);
    const flying = await inFlight(sql, this.chain);
    const view = await this.chain.ask((node) => preflight(node, this.chain, candidates, flying), signal);
    await this.setAside(view);
    if (view.wait !== null) return waiting(view.wait);
    const older = await this.guard.older(view.alreadyUsed, signal);
    if (older !== null) return waiting(older);
    if (view.payable.length === 0) return nothing;
    const outcome = await this.database.transaction((tx) => this.sign(tx, view));
    if (outcome === 'foreign nonce')
      return waiting((await this.guard.check(signal)) ?? 'the nonce of the gas payer');
    return outcome;
  }

  private get lane() {
    return { chainId: this.chain.chainId, address: this.chain.gasPayer.address };
  }

  private async window(sql: Sql): Promise<LaneWindow> {
    const row = await selectRow(
      sql,
      windowRow,
      `select count(*) filter (where status = 'signed')::int as unsent,
              count(*) filter (where status in ('signed', 'sent'))::int as unmined, count(*)::int as open
         from payments.settlement where chain_id = $1 and from_address = $2 and status <> 'final'`,
      [this.lane.chainId.toString(), this.lane.address],
    );
    if (!row) throw new Error('unreachable: an aggregate always has one row');
    return row;
  }

  /** Everything that decides is read again under the locks. */
  private async sign(tx: EntityManager, view: Preflight): Promise<SigningOutcome | 'foreign nonce'> {
    if ((await lockControl(tx)) !== null) return nothing;
    const lane = await lockLane(tx, this.lane, view.latestNonce);
    if (lane.status === 'paused') return waiting(lane.pauseReason ?? 'the lane is paused');
    const window = await this.window(tx);
    if (!hasRoom(window)) return nothing;
    const ourNonce = lane.status === 'resync' ? view.latestNonce : lane.nextNonce;
    const verdict = nextNonce(view.latestNonce, ourNonce, Math.min(window.unmined, maxUnmined));
    if (verdict.kind === 'node-behind')
      return waiting('the node is behind: it does not know our latest tx yet');
    if (verdict.kind === 'foreign') return 'foreign nonce';
    const locked = await lockUnboundPayouts(
      tx,
      this.chain,
      view.payable.map(({ id }) => id),
    );
    const payouts = await this.allowedToday(tx, locked);
    if (payouts.length === 0) {
      return locked.length === 0
        ? nothing
        : waiting(`the daily maximum of $${formatUsd(this.options.maxDailyPayoutMicroUsd ?? 0n)} is used up`);
    }
    const settlementId = await this.store(tx, verdict.nonce, payouts, view);
    await advanceLane(tx, this.lane, verdict.nonce + 1n);
    return { signed: true, settlementId };
  }

  private async allowedToday(tx: EntityManager, payouts: PayablePayout[]): Promise<PayablePayout[]> {
    const { maxDailyPayoutMicroUsd: maxMicroUsd } = this.options;
    if (maxMicroUsd === undefined) return payouts;
    return withinDailyMaximum(payouts, { maxMicroUsd, usedMicroUsd: await signedInLastDay(tx) });
  }

  private async store(
    tx: EntityManager,
    nonce: bigint,
    payouts: PayablePayout[],
    view: Preflight,
  ): Promise<string> {
    const validBefore = view.blockTimeSeconds + BigInt(this.options.authorizationSeconds ?? 3_600);
    const { to, data } = await payloadOf(this.chain, payouts, validBefore);
    const { chainId, address } = this.lane;
    const attempt = await signAttempt(this.chain.gasPayer, {
      ...{ chainId, nonce, to, data },
      ...{ gasLimit: view.gasLimit, fees: view.fees },
    });
    const settlement = await selectRow(
      tx,
      z.object({ id: z.uuid() }),
      `insert into payments.settlement (chain_id, from_address, nonce, tx_to, tx_data)
         values ($1, $2, $3, $4, $5) returning id`,
      [chainId.toString(), address, nonce.toString(), to, data],
    );
    if (!settlement) throw new Error('the settlement was not stored');
    const ids = payouts.map(({ id }) => id);
    const end = this.chain.method === 'usdc' ? validBefore.toString() : null;
    await tx.query(
      `insert into payments.settlement_item (settlement_id, payout_id, position, valid_before)
         select $1, payout_id, position - 1, $3 from unnest($2::uuid[]) with ordinality as item (payout_id, position)`,
      [settlement.id, ids, end],
    );
    await tx.query(
      `update payments.payout set first_signed_at = coalesce(first_signed_at, payments.clock()),
              valid_before = greatest(valid_before, $2), tx_hash = $3 where id = any ($1::uuid[])`,
      [ids, end, attempt.txHash],
    );
    await recordChanges(tx, ids, 'reserved', `signed with nonce ${nonce} as ${attempt.txHash}`);
    await storeAttempt(tx, settlement.id, 0, 'pay', attempt);
    return settlement.id;
  }

  /** A recipient that the token refuses must not be tried for ever; a person decides. */
  private async setAside({ refused, alreadyUsed }: Preflight): Promise<void> {
    for (const { payout: refusedPayout, reason } of refused) {
      const { id } = refusedPayout;
      const held = await this.database.transaction(async (tx) => {
        const [payout] = await lockUnboundPayouts(tx, this.chain, [id]);
        if (!payout) return undefined;
        await tx.query(`update payments.payout set status = 'held', hold_reason = $2 where id = $1`, [
          id,
          reason,
        ]);
        await recordChange(tx, id, 'held', reason);
        return selectPayout(tx, id);
      });
      if (held) logPayout(this.log, 'payout held', held);
    }
    if (alreadyUsed.length > 0) await this.seen.settleUsed(alreadyUsed.map(({ id }) => id));
  }
}
