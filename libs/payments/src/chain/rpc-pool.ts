import { EthNode } from './eth-node.js';
import { RpcEndpoint } from './rpc-endpoint.js';
import { RpcRefusal, RpcSilence } from './rpc-error.js';

/** A node that speaks for another chain than the one that money is kept on. */
export class WrongChainError extends Error {
  override readonly name = 'WrongChainError';
  constructor(
    readonly node: string,
    readonly found: bigint,
    readonly expected: bigint,
  ) {
    super(`${node} is a node of chain ${found}, not of chain ${expected}`);
  }
}

interface Member {
  endpoint: RpcEndpoint;
  chainCheckedAtMs: number;
  failedAtMs: number;
}

/** A node may be moved to another network under a running process; asking now and then is cheap. */
const chainCheckEveryMs = 60_000;
/** A node that failed is asked last for this long. */
const distrustMs = 30_000;

/**
 * Several nodes of one chain. A piece of work is done with one node from start to end, so that its answers belong
 * together; when the node fails, all of it is done again with the next one.
 */
export class RpcPool {
  private readonly members: Member[];
  private chainId: bigint | undefined;

  /** @param expectedChainId absent: that of the first node that answers */
  constructor(urls: readonly string[], expectedChainId?: bigint, timeoutMs?: number) {
    if (urls.length === 0) throw new Error('a chain needs at least one node');
    this.members = urls.map((url) => ({
      endpoint: new RpcEndpoint(url, timeoutMs),
      chainCheckedAtMs: -Infinity,
      failedAtMs: -Infinity,
    }));
    this.chainId = expectedChainId;
  }

  /** @throws RpcRefusal or RpcSilence of the last node, WrongChainError, and what `work` throws itself */
  async ask<T>(work: (node: EthNode) => Promise<T>, signal?: AbortSignal): Promise<T> {
    let failure: unknown;
    for (const member of this.inOrder()) {
      try {
        const result = await work(await this.checked(member, signal));
        member.failedAtMs = -Infinity;
        return result;
      } catch (error) {
        if (!isNodeFailure(error) || signal?.aborted) throw error;
        member.failedAtMs = performance.now();
        // A wrong chain is said only when no node of the right one answers at all.
        failure = failure === undefined || failure instanceof WrongChainError ? error : failure;
      }
    }
    throw failure;
  }

  /** Every node that speaks for the right chain; for what should reach all of them. */
  async each<T>(
    work: (node: EthNode) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<PromiseSettledResult<T>[]> {
    return Promise.allSettled(this.members.map(async (member) => work(await this.checked(member, signal))));
  }

  private inOrder(): Member[] {
    const now = performance.now();
    const isDistrusted = (member: Member) => now - member.failedAtMs < distrustMs;
    return [...this.members.filter((m) => !isDistrusted(m)), ...this.members.filter(isDistrusted)];
  }

  private async checked(member: Member, signal?: AbortSignal): Promise<EthNode> {
    const node = new EthNode(member.endpoint, signal);
    const now = performance.now();
    if (now - member.chainCheckedAtMs < chainCheckEveryMs) return node;
    const found = await node.chainId();
    this.chainId ??= found;
    if (found !== this.chainId) throw new WrongChainError(node.name, found, this.chainId);
    member.chainCheckedAtMs = now;
    return node;
  }
}

export const isNodeFailure = (error: unknown): error is Error =>
  error instanceof RpcRefusal || error instanceof RpcSilence || error instanceof WrongChainError;
