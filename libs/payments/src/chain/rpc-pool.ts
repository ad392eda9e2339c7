import { type Agreement, firstAgreed, type Opinion } from './agreement.js';
import { EthNode } from './eth-node.js';
import { distrustMs, type NodeHealth } from './node-health.js';
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
  failures: number;
  failedAtMs: number;
  failure: Error | null;
  latencyMs: number | null;
  headBlock: bigint | null;
}

type Work<T> = (node: EthNode) => Promise<T>;

/** A node may be moved to another network under a running process; asking now and then is cheap. */
const chainCheckEveryMs = 60_000;

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
    this.members = [...new Set(urls)].map((url) => ({
      ...{ endpoint: new RpcEndpoint(url, timeoutMs), chainCheckedAtMs: -Infinity },
      ...{ failures: 0, failedAtMs: -Infinity, failure: null, latencyMs: null, headBlock: null },
    }));
    this.chainId = expectedChainId;
  }

  /** @throws RpcRefusal or RpcSilence of the last node, WrongChainError, and what `work` throws itself */
  async ask<T>(work: Work<T>, signal?: AbortSignal): Promise<T> {
    let failure: unknown;
    for (const member of this.inOrder()) {
      try {
        return await this.doWith(member, work, signal);
      } catch (error) {
        if (!isNodeFailure(error) || signal?.aborted) throw error;
        // A wrong chain is said only when no node of the right one answers at all.
        failure = failure === undefined || failure instanceof WrongChainError ? error : failure;
      }
    }
    throw failure;
  }

  /**
   * The same work with several nodes until two of them answer alike: for what decides about money. A single node that is
   * the only one configured is believed alone. @throws as `ask` does when no node answers at all
   */
  async agree<T>(
    work: Work<T>,
    isSame: (one: T, other: T) => boolean,
    signal?: AbortSignal,
  ): Promise<Agreement<T>> {
    if (this.members.length === 1) return { agreed: true, value: await this.ask(work, signal) };
    const opinions: Opinion<T>[] = [];
    const failures: Error[] = [];
    const hear = async (member: Member) => {
      try {
        opinions.push({ node: member.endpoint.name, value: await this.doWith(member, work, signal) });
      } catch (error) {
        if (!isNodeFailure(error) || signal?.aborted) throw error;
        failures.push(error);
      }
    };
    const [first, second, ...others] = this.inOrder();
    await Promise.all([first, second].flatMap((member) => (member ? [hear(member)] : [])));
    for (;;) {
      const value = firstAgreed(opinions, isSame);
      if (value !== undefined) return { agreed: true, value };
      const next = others.shift();
      if (!next) break;
      await hear(next);
    }
    const [failure] = failures;
    if (opinions.length === 0 && failure) throw failure;
    const names = opinions.map(({ node }) => node).join(', ');
    if (opinions.length > 1)
      return { agreed: false, reason: 'disagree', detail: `the nodes do not agree: ${names}` };
    const detail = `only ${names} answers of ${this.members.length} nodes: two must agree`;
    return { agreed: false, reason: 'alone', detail };
  }

  /** Every node that speaks for the right chain; for what should reach all of them. One that failed lately keeps nobody waiting. */
  async each<T>(work: Work<T>, signal?: AbortSignal): Promise<PromiseSettledResult<T>[]> {
    const trusted = this.members.filter((member) => !this.isDistrusted(member));
    const asked = this.members.map((member) => ({
      member,
      answer: this.doWith(member, work, signal),
    }));
    for (const { answer } of asked) answer.catch(() => undefined);
    const awaited = trusted.length === 0 ? asked : asked.filter(({ member }) => trusted.includes(member));
    return Promise.allSettled(awaited.map(({ answer }) => answer));
  }

  health(): NodeHealth[] {
    return this.members.map((member): NodeHealth => {
      const { endpoint, failure, latencyMs, headBlock, chainCheckedAtMs } = member;
      const state =
        failure instanceof WrongChainError
          ? 'wrong-chain'
          : failure !== null
            ? 'distrusted'
            : chainCheckedAtMs === -Infinity
              ? 'unknown'
              : 'healthy';
      return { name: endpoint.name, state, headBlock, latencyMs, failure: failure?.message ?? null };
    });
  }

  private async doWith<T>(member: Member, work: Work<T>, signal?: AbortSignal): Promise<T> {
    const startedAtMs = performance.now();
    try {
      const result = await work(await this.checked(member, signal));
      Object.assign(member, { failures: 0, failure: null, latencyMs: performance.now() - startedAtMs });
      return result;
    } catch (error) {
      if (isNodeFailure(error) && isTheNodesFault(error) && !signal?.aborted) {
        member.failures += 1;
        member.failedAtMs = performance.now();
        member.failure = error;
      }
      throw error;
    }
  }

  private isDistrusted({ failures, failedAtMs }: Member): boolean {
    return performance.now() - failedAtMs < distrustMs(failures);
  }

  private inOrder(): Member[] {
    return [
      ...this.members.filter((member) => !this.isDistrusted(member)),
      ...this.members.filter((member) => this.isDistrusted(member)),
    ];
  }

  private async checked(member: Member, signal?: AbortSignal): Promise<EthNode> {
    const node = new EthNode(member.endpoint, signal, (head) => (member.headBlock = head));
    const now = performance.now();
    if (now - member.chainCheckedAtMs < chainCheckEveryMs) return node;
    const found = await node.chainId();
    this.chainId ??= found;
    if (found !== this.chainId) throw new WrongChainError(node.name, found, this.chainId);
    member.chainCheckedAtMs = now;
    return node;
  }
}

/** A node that says no is well, unless it says so to whoever asks and whatever is asked. */
const isTheNodesFault = (error: Error): boolean =>
  !(error instanceof RpcRefusal) ||
  /rate|limit|too many|capacity|quota|unauthori[sz]ed|forbidden/i.test(error.reason);

export const isNodeFailure = (error: unknown): error is Error =>
  error instanceof RpcRefusal || error instanceof RpcSilence || error instanceof WrongChainError;
