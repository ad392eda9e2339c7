import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { isNodeFailure } from '../chain/rpc-pool.js';
import type { ChainState, TreasuryChain } from '../chain/treasury-chain.js';
import { encodeTokenCall, decodeTokenAnswer } from '../chain/usdc.js';
import { ledgerChannel, type PaymentChannel, usdcChannel } from '../payouts/payment-channel.js';
import type { PayoutReservation } from '../payouts/reserve-payouts.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { type Broadcasting, isDueToSend } from './broadcast.js';
import type { FeeBump } from './fee-bump.js';
import type { CancelledPayouts } from './return-cancelled.js';
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

/** The parts of settlement that work on a chain. */
export interface ChainWork {
  chain: TreasuryChain;
  scan: AuthorizationScan;
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
      method: 'usdc',
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
    return (await this.work.chain.isReady(signal)) ? usdcChannel(this.work.chain) : undefined;
  }

  /** What the treasury and the gas payer hold now; null without a chain. @throws RpcSilence, RpcRefusal */
  async funds(signal?: AbortSignal): Promise<{ treasuryMicroUsd: bigint; gasWei: bigint } | null> {
    if (!this.work) return null;
    const { chain } = this.work;
    return chain.ask(async (node) => {
      const data = encodeTokenCall('balanceOf', [chain.treasury.address]);
      const balance = await node.call({ to: chain.tokenAddress, data });
      return {
        treasuryMicroUsd: decodeTokenAnswer('balanceOf', balance, z.bigint()),
        gasWei: await node.balanceWei(chain.gasPayer.address),
      };
    }, signal);
  }

  private async turn(signal?: AbortSignal): Promise<void> {
    const channel = await this.channel(signal);
    const condition = this.work?.chain.condition;
    if (!channel) {
      this.say(condition?.detail ?? null, condition?.state);
      return;
    }
    try {
      await this.reservation.reserve(channel);
      if (this.work) await this.settle(this.work, signal);
      this.say(null);
    } catch (error) {
      if (!isNodeFailure(error)) throw error;
      this.work?.chain.lost(error);
      this.say(error.message, 'unreachable');
    }
  }

  private async settle(work: ChainWork, signal?: AbortSignal): Promise<void> {
    await work.scan.begin(signal);
    await this.driveOpen(work, signal);
    if (await this.signNext(work, signal)) await this.driveOpen(work, signal);
    await work.cancelled.returnExpired(signal);
  }

  /** What signing waits for is looked at again only now and then: it takes several questions to the node. */
  private async signNext(work: ChainWork, signal?: AbortSignal): Promise<boolean> {
    if (this.waitsFor !== null && performance.now() < this.signAgainAtMs) return false;
    const signed = await work.signing.signNext(signal);
    this.waitsFor = signed.signed ? null : signed.waitsFor;
    this.signAgainAtMs = performance.now() + work.pollMs;
    return signed.signed;
  }

  /** In the order of their nonces: a later one cannot be mined before an earlier one. */
  private async driveOpen(work: ChainWork, signal?: AbortSignal): Promise<void> {
    const lane = { chainId: work.chain.chainId, address: work.chain.gasPayer.address };
    const open = await openSettlements(ready(this.database), lane);
    for (const [settlement, seen] of await work.watch.observe(open, signal)) {
      if (signal?.aborted) return;
      if (await work.watch.note(settlement, seen, signal)) await this.bringToBlock(work, settlement, signal);
    }
  }

  private async bringToBlock(work: ChainWork, settlement: Settlement, signal?: AbortSignal): Promise<void> {
    let [newest] = await attemptsOf(ready(this.database), settlement.id);
    if (newest && work.feeBump.isDue(newest))
      newest = (await work.feeBump.bump(settlement, signal)) ?? newest;
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
