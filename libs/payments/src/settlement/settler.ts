import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { isNodeFailure } from '../chain/rpc-pool.js';
import type { ChainState, TreasuryChain } from '../chain/treasury-chain.js';
import type { NodeHealth } from '../chain/node-health.js';
import { chainChannel, ledgerChannel, type PaymentChannel } from '../payouts/payment-channel.js';
import type { PayoutReservation } from '../payouts/reserve-payouts.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import type { BooksGuard } from './books-guard.js';
import { type Broadcasting, isAccepted, isDueToSend } from './broadcast.js';
import type { FeeBump } from './fee-bump.js';
import { maxUnmined } from './lane-window.js';
import { strandedPayouts } from './payable-payouts.js';
import type { CancelledPayouts } from './return-cancelled.js';
import type { Runway, RunwayReport } from './runway.js';
import type { SettlementMethod } from './settlement-options.js';
import { attemptsOf, openSettlements, type Settlement } from './settlement-rows.js';
import type { SettlementSigning } from './sign-settlement.js';
import type { SettlementWatch } from './watch.js';

export interface SettlementStatus {
  method: SettlementMethod;
  /** `off` with the method `ledger`; nothing is signed unless `ready`. */
  state: 'off' | ChainState['state'];
  /** Which guard refused, or why no node answers. */
  detail: string | null;
  /** What signing waits for although payouts are reserved: funds, a paused token, the daily maximum, … */
  waitsFor: string | null;
  treasuryAddress: string | null;
  gasPayerAddress: string | null;
  tokenAddress: string | null;
}

/** Bounds a turn; what is left comes with the next one. */
const mostSignedPerTurn = 64;
const strandedEveryMs = 60_000;

/** The parts of settlement that work on a chain. */
export interface ChainWork {
  chain: TreasuryChain;
  scan: AuthorizationScan;
  guard: BooksGuard;
  runway: Runway;
  signing: SettlementSigning;
  broadcasting: Broadcasting;
  watch: SettlementWatch;
  feeBump: FeeBump;
  cancelled: CancelledPayouts;
  pollMs: number;
}

/**
 * Carries reserved payouts to a final block. Every turn reads from the database what is to be done and leaves it there:
 * a crash between any two steps, or a second process doing the same, changes nothing but who does the work.
 */
export class Settler {
  private readonly log = new FactLogger('settlement');
  private turning: Promise<void> | undefined;
  private waitsFor: string | null = null;
  private signAgainAtMs = -Infinity;
  private strandedAtMs = -Infinity;
  private saidProblem: string | null = null;

  constructor(
    private readonly database: Database,
    private readonly reservation: PayoutReservation,
    private readonly work: ChainWork | undefined,
  ) {}

  /** One turn: reserve what is due, watch, send, finalise, sign. A call during a turn waits for that turn. */
  async tick(signal?: AbortSignal): Promise<void> {
    this.turning ??= this.turn(signal).finally(() => {
      this.turning = undefined;
    });
    await this.turning;
  }

  /** For health checks. @throws Error with the reason while the chain cannot be used */
  status(): SettlementStatus & Record<string, unknown> {
    const state = this.state();
    if (state.state !== 'ready' && state.state !== 'off') {
      throw new Error(`settlement is ${state.state}${state.detail === null ? '' : `: ${state.detail}`}`);
    }
    return { ...state };
  }

  state(): SettlementStatus {
    if (!this.work) {
      const none = { treasuryAddress: null, gasPayerAddress: null, tokenAddress: null };
      return { method: 'ledger', state: 'off', detail: null, waitsFor: null, ...none };
    }
    const { chain } = this.work;
    return {
      method: chain.method,
      ...chain.condition,
      waitsFor: this.waitsFor,
      treasuryAddress: chain.treasury.address,
      gasPayerAddress: chain.gasPayer.address,
      tokenAddress: chain.tokenAddress,
    };
  }

  /** How new payouts are made now; undefined while the chain has not passed its guards. */
  async channel(signal?: AbortSignal): Promise<PaymentChannel | undefined> {
    if (!this.work) return ledgerChannel;
    return (await this.work.chain.isReady(signal)) ? chainChannel(this.work.chain) : undefined;
  }

  /** What the treasury and the gas payer hold now; null without a chain. @throws RpcSilence, RpcRefusal */
  async funds(signal?: AbortSignal): Promise<{ treasuryMicroUsd: bigint; gasWei: bigint } | null> {
    return this.work ? this.work.runway.funds(signal) : null;
  }

  /** For how many hours pay and gas last; null without a chain, or before its guards have passed. @throws RpcSilence, RpcRefusal */
  async runway(signal?: AbortSignal): Promise<RunwayReport | null> {
    if (!this.work || !(await this.work.chain.isReady(signal))) return null;
    return this.work.runway.report(signal);
  }

  /** How each node has behaved. */
  nodes(): NodeHealth[] {
    return this.work?.chain.nodes() ?? [];
  }

  private async turn(signal?: AbortSignal): Promise<void> {
    const channel = await this.channel(signal);
    const condition = this.work?.chain.condition;
    if (!channel) {
      this.say(condition?.detail ?? null, condition?.state);
      return;
    }
    try {
      await this.reservation.reserve(channel, { signal });
      if (this.work) await this.settle(this.work, signal);
      this.say(null);
    } catch (error) {
      if (!isNodeFailure(error)) throw error;
      this.work?.chain.lost(error);
      this.say(error.message, 'unreachable');
    }
  }

  private async settle(work: ChainWork, signal?: AbortSignal): Promise<void> {
    await work.guard.checkWhenDue(signal);
    await this.driveOpen(work, signal);
    await this.signAll(work, signal);
    await work.cancelled.returnExpired(signal);
  }

  /** As long as there is something to sign and the network takes it: each settlement is on its way before the next is signed. */
  private async signAll(work: ChainWork, signal?: AbortSignal): Promise<void> {
    // What signing waits for is looked at again only now and then: it takes several questions to the node.
    if (this.waitsFor !== null && performance.now() < this.signAgainAtMs) return;
    for (let signed = 0; signed < mostSignedPerTurn && !signal?.aborted; signed += 1) {
      const outcome = await work.signing.signNext(signal);
      this.waitsFor = outcome.signed ? null : outcome.waitsFor;
      this.signAgainAtMs = performance.now() + work.pollMs;
      if (!outcome.signed) break;
      const [newest] = await attemptsOf(ready(this.database), outcome.settlementId);
      if (!newest) break;
      const { outcome: answer } = await work.broadcasting.send(outcome.settlementId, newest, signal);
      if (!isAccepted(answer)) break;
      if ((signed + 1) % maxUnmined === 0) await this.driveOpen(work, signal);
    }
    this.waitsFor ??= await this.stranded(work);
  }

  /** Payouts that were made for another method, chain, token or treasury are never paid by this configuration. */
  private async stranded({ chain, pollMs }: ChainWork): Promise<string | null> {
    if (performance.now() < this.strandedAtMs) return null;
    this.strandedAtMs = performance.now() + Math.max(pollMs, strandedEveryMs);
    const count = await strandedPayouts(ready(this.database), chain);
    return count === 0
      ? null
      : `${count} payouts are bound to another method, chain, token or treasury: configure it again, or cancel them`;
  }

  /** In the order of their nonces: a later one cannot be mined before an earlier one. */
  private async driveOpen(work: ChainWork, signal?: AbortSignal): Promise<void> {
    const lane = { chainId: work.chain.chainId, address: work.chain.gasPayer.address };
    const open = await openSettlements(ready(this.database), lane);
    let isHead = true;
    for (const [settlement, seen] of await work.watch.observe(open, signal)) {
      if (signal?.aborted) return;
      if (!(await work.watch.note(settlement, seen, signal))) continue;
      await this.bringToBlock(work, settlement, isHead, signal);
      isHead = false;
    }
  }

  /** Only the first is held up by its own fee; the others wait for it. What a node has refused is signed anew in any place. */
  private async bringToBlock(
    work: ChainWork,
    settlement: Settlement,
    isHead: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    let [newest] = await attemptsOf(ready(this.database), settlement.id);
    if (newest && work.feeBump.isDue(settlement, newest, isHead))
      newest = (await work.feeBump.bump(settlement, isHead, signal)) ?? newest;
    if (newest && isDueToSend(newest)) await work.broadcasting.send(settlement.id, newest, signal);
  }

  /** A turn comes every second: the same problem is said once. */
  private say(problem: string | null, state?: ChainState['state']): void {
    if (problem === this.saidProblem) return;
    if (problem === null) this.log.info('settlement recovered');
    else if (state === 'refused') this.log.error('settlement refused', undefined, { reason: problem });
    else this.log.warn('settlement interrupted', { reason: problem });
    this.saidProblem = problem;
  }
}
