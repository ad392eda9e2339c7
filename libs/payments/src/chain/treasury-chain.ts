import { getAddress, Wallet } from 'ethers';

import type { Agreement } from './agreement.js';
import type { TokenDomain } from './authorization.js';
import type { ChainMethod, ChainOptions } from './chain-options.js';
import { checkChain, SettlementRefusedError } from './chain-guards.js';
import type { EthNode } from './eth-node.js';
import type { NodeHealth } from './node-health.js';
import { RpcPool, WrongChainError } from './rpc-pool.js';

export type ChainState =
  | { state: 'connecting' | 'ready'; detail: null }
  /** No node answers; it is tried again and again. */
  | { state: 'unreachable'; detail: string }
  /** A guard said no; it is asked again now and then, since a chain may be repaired. */
  | { state: 'refused'; detail: string };

/** After a guard's no, and between attempts to reach a node that is away. */
const recheckAfterMs = { refused: 30_000, unreachable: 2_000 };
/** Guards are cheap and the world changes: a node may be pointed elsewhere, a proxy be upgraded. */
const guardEveryMs = 10 * 60_000;

/** The treasury on its chain: keys, token, nodes, and whether all of them may be used. */
export class TreasuryChain {
  readonly tokenAddress: string;
  readonly treasury: Wallet;
  readonly gasPayer: Wallet;
  readonly method: ChainMethod;
  readonly decimals: number;
  private readonly pool: RpcPool;
  private current: ChainState = { state: 'connecting', detail: null };
  private checkedAtMs = -Infinity;
  private checked: { chainId: bigint; domain: TokenDomain | null } | undefined;

  constructor(readonly options: ChainOptions) {
    this.tokenAddress = getAddress(options.tokenAddress);
    this.method = options.method ?? 'usdc';
    this.decimals = options.tokenDecimals ?? 6;
    this.treasury = new Wallet(options.payerPrivateKey);
    this.gasPayer = new Wallet(options.gasPayerPrivateKey ?? options.payerPrivateKey);
    this.pool = new RpcPool(options.rpcUrls, options.chainId, options.rpcTimeoutMs);
  }

  get condition(): ChainState {
    return this.current;
  }

  /** The token's signing domain. @throws Error before the guards have passed, and with `erc20` */
  get domain(): TokenDomain {
    const domain = this.checked?.domain;
    if (!domain) throw new Error('the chain has not been checked yet, or its token signs nothing');
    return domain;
  }

  /** @throws Error before the guards have passed */
  get chainId(): bigint {
    if (!this.checked) throw new Error('the chain has not been checked yet');
    return this.checked.chainId;
  }

  /** `usdc:<chain id>:<token>`: what payouts are counted and identified by. */
  get asset(): string {
    return `${this.method}:${this.chainId}:${this.tokenAddress.toLowerCase()}`;
  }

  /** Runs the guards when their time has come. True when settlement may go on. */
  async isReady(signal?: AbortSignal): Promise<boolean> {
    const { state } = this.current;
    const waitMs = state === 'ready' ? guardEveryMs : state === 'connecting' ? 0 : recheckAfterMs[state];
    if (performance.now() - this.checkedAtMs < waitMs) return state === 'ready';
    try {
      this.checked = await this.ask(async (node) => {
        const chainId = await node.chainId();
        const signers = [this.treasury.address, this.gasPayer.address];
        const { tokenAddress, method, decimals } = this;
        const { finality } = this.options;
        const domain = await checkChain(node, chainId, { tokenAddress, method, decimals, signers, finality });
        return { chainId, domain };
      }, signal);
      this.current = { state: 'ready', detail: null };
    } catch (error) {
      if (signal?.aborted) throw error;
      const refused = error instanceof SettlementRefusedError || error instanceof WrongChainError;
      const detail = error instanceof Error ? error.message : String(error);
      this.current = { state: refused ? 'refused' : 'unreachable', detail };
    }
    this.checkedAtMs = performance.now();
    return this.condition.state === 'ready';
  }

  /** A node failed in the middle of work: the guards are asked before more is done. */
  lost(error: Error): void {
    this.current = { state: 'unreachable', detail: error.message };
    this.checkedAtMs = performance.now();
  }

  /** Work with one node; done again with the next when that one fails. */
  ask<T>(work: (node: EthNode) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.pool.ask(work, signal);
  }

  /** What two nodes say alike: for what decides about money. */
  agree<T>(
    work: (node: EthNode) => Promise<T>,
    isSame: (one: T, other: T) => boolean,
    signal?: AbortSignal,
  ): Promise<Agreement<T>> {
    return this.pool.agree(work, isSame, signal);
  }

  nodes(): NodeHealth[] {
    return this.pool.health();
  }

  each<T>(work: (node: EthNode) => Promise<T>, signal?: AbortSignal): Promise<PromiseSettledResult<T>[]> {
    return this.pool.each(work, signal);
  }
}
