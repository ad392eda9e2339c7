import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRow } from '../books/sql-rows.js';
import { signAuthorization } from '../chain/authorization.js';
import { encodeAggregate, multicall3Address } from '../chain/multicall3.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { formatUsd } from '../money/micro-usd.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChange, selectPayout } from '../payouts/payout-rows.js';
import { lockControl, readPause } from '../payouts/settlement-control.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { advanceLane, lockLane, pauseLane } from './lane.js';
import {
  lockUnboundPayouts,
  type PayablePayout,
  signedInLastDay,
  unboundPayouts,
} from './payable-payouts.js';
import { preflight, type Preflight } from './preflight.js';
import type { SettlementOptions } from './settlement-options.js';
import { signAttempt, storeAttempt } from './sign-attempt.js';

/** Mined but not final settlements of one lane. A nonce is used only when its predecessors are in blocks. */
const maxNotFinal = 32;

const windowRow = z.object({ unmined: z.int(), open: z.int() });

/** What the next turn waits for, for people; null when there is nothing to wait for. */
export type SigningOutcome = { signed: true } | { signed: false; waitsFor: string | null };

const nothing: SigningOutcome = { signed: false, waitsFor: null };
const waiting = (waitsFor: string): SigningOutcome => ({ signed: false, waitsFor });

/** Edge E0: reserved payouts become a signed settlement that is in the database before it is on the network. */
export class SettlementSigning {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
    private readonly options: SettlementOptions,
  ) {}

  /** Signs one settlement when payouts wait for one and the lane is free. */
  async signNext(signal?: AbortSignal): Promise<SigningOutcome> {
    const sql = ready(this.database);
    if ((await readPause(sql)) !== null) return nothing;
    const candidates = await unboundPayouts(sql, this.chain, this.options.batchSize ?? 50);
    if (candidates.length === 0) return nothing;
    if (!(await this.hasRoom(sql))) return nothing;

    // The books must know every authorization that the chain knows, before one is added.
    const unknown = await this.scan.findUnknown(signal);
    if (unknown !== null) return waiting(unknown);
    const view = await this.chain.ask((node) => preflight(node, this.chain, candidates), signal);
    await this.setAside(view);
    if (view.wait !== null) return waiting(view.wait);
    const older = await this.scan.findOlder(view.alreadyUsed, signal);
    if (older !== null) return waiting(older);
    if (view.payable.length === 0) return nothing;
    return this.database.transaction((tx) => this.sign(tx, view));
  }

  private get lane() {
    return { chainId: this.chain.chainId, address: this.chain.gasPayer.address };
  }

  private async hasRoom(sql: Pick<EntityManager, 'query'>): Promise<boolean> {
    const row = await selectRow(
      sql,
      windowRow,
      `select count(*) filter (where status in ('signed', 'sent'))::int as unmined, count(*)::int as open
         from payments.settlement where chain_id = $1 and from_address = $2 and status <> 'final'`,
      [this.lane.chainId.toString(), this.lane.address],
    );
    return row?.unmined === 0 && row.open < maxNotFinal;
  }

  /** Everything that decides is read again under the locks. */
  private async sign(tx: EntityManager, view: Preflight): Promise<SigningOutcome> {
    if ((await lockControl(tx)) !== null) return nothing;
    const lane = await lockLane(tx, this.lane, view.latestNonce);
    if (lane.status === 'paused') return waiting(lane.pauseReason ?? 'the lane is paused');
    if (!(await this.hasRoom(tx))) return nothing;
    const nonce = lane.status === 'resync' ? view.latestNonce : lane.nextNonce;
    if (view.latestNonce < nonce) return waiting('the node is behind: it does not know our latest tx yet');
    if (view.latestNonce > nonce) {
      const reason = `the gas payer has sent txs that are not ours: its next nonce is ${view.latestNonce}, ours is ${nonce}`;
      await pauseLane(tx, this.lane, reason);
      this.log.error('lane paused', undefined, { ...this.lane, reason });
      return waiting(reason);
    }
    const locked = await lockUnboundPayouts(
      tx,
      this.chain,
      view.payable.map(({ id }) => id),
    );
    const payouts = await this.withinDailyMaximum(tx, locked);
    if (payouts.length === 0) {
      return locked.length === 0
        ? nothing
        : waiting(`the daily maximum of $${formatUsd(this.options.maxDailyPayoutMicroUsd ?? 0n)} is used up`);
    }
    await this.store(tx, nonce, payouts, view);
    await advanceLane(tx, this.lane, nonce + 1n);
    return { signed: true };
  }

  /** Payouts that were signed before are counted already: signing them again pays nothing more. */
  private async withinDailyMaximum(tx: EntityManager, payouts: PayablePayout[]): Promise<PayablePayout[]> {
    const { maxDailyPayoutMicroUsd: max } = this.options;
    if (max === undefined) return payouts;
    let left = max - (await signedInLastDay(tx));
    return payouts.filter(({ wasSigned, amountMicroUsd }) => {
      if (wasSigned) return true;
      if (amountMicroUsd > left) return false;
      left -= amountMicroUsd;
      return true;
    });
  }

  private async store(
    tx: EntityManager,
    nonce: bigint,
    payouts: PayablePayout[],
    view: Preflight,
  ): Promise<void> {
    const validBefore = view.blockTimeSeconds + BigInt(this.options.authorizationSeconds ?? 3_600);
    const data = encodeAggregate(
      await Promise.all(payouts.map(async (payout) => this.authorize(payout, validBefore))),
    );
    const { chainId, address } = this.lane;
    const attempt = await signAttempt(this.chain.gasPayer, {
      ...{ chainId, nonce, to: multicall3Address, data },
      ...{ gasLimit: view.gasLimit, fees: view.fees },
    });
    const settlement = await selectRow(
      tx,
      z.object({ id: z.uuid() }),
      `insert into payments.settlement (chain_id, from_address, nonce, tx_to, tx_data)
         values ($1, $2, $3, $4, $5) returning id`,
      [chainId.toString(), address, nonce.toString(), multicall3Address, data],
    );
    if (!settlement) throw new Error('the settlement was not stored');
    await tx.query(
      `insert into payments.settlement_item (settlement_id, payout_id, position, valid_before)
         select $1, payout_id, position - 1, $3 from unnest($2::uuid[]) with ordinality as item (payout_id, position)`,
      [settlement.id, payouts.map(({ id }) => id), validBefore.toString()],
    );
    await tx.query(
      `update payments.payout set first_signed_at = coalesce(first_signed_at, payments.clock()),
              valid_before = greatest(valid_before, $2), tx_hash = $3 where id = any ($1::uuid[])`,
      [payouts.map(({ id }) => id), validBefore.toString(), attempt.txHash],
    );
    for (const { id } of payouts) {
      await recordChange(tx, id, 'reserved', `signed with nonce ${nonce} as ${attempt.txHash}`);
    }
    await storeAttempt(tx, settlement.id, 0, attempt);
  }

  private async authorize(payout: PayablePayout, validBefore: bigint) {
    const { chain } = this;
    const data = await signAuthorization(chain.treasury, chain.domain, {
      ...{ from: chain.treasury.address, to: payout.payoutAddress, value: payout.amountMicroUsd },
      ...{ validBefore, nonce: payout.authorizationNonce },
    });
    return { target: chain.tokenAddress, data };
  }

  /** A recipient that the token refuses must not be tried for ever; a person decides. */
  private async setAside({ blacklisted, alreadyUsed }: Preflight): Promise<void> {
    for (const { id } of blacklisted) {
      const held = await this.database.transaction(async (tx) => {
        const [payout] = await lockUnboundPayouts(tx, this.chain, [id]);
        if (!payout) return undefined;
        const reason = `the token has blacklisted ${payout.payoutAddress}`;
        await tx.query(`update payments.payout set status = 'held', hold_reason = $2 where id = $1`, [
          id,
          reason,
        ]);
        await recordChange(tx, id, 'held', reason);
        return selectPayout(tx, id);
      });
      if (held) logPayout(this.log, 'payout held', held);
    }
    if (alreadyUsed.length > 0) await this.scan.settleUsed(alreadyUsed.map(({ id }) => id));
  }
}
