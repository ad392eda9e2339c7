import { delay } from '#platform';

import type { RpcFate, RpcQuestion } from '../rpc-proxy.js';
import { CrashingPostgres } from './crashing-postgres.js';
import type { DistributorApi } from './distributor-api.js';
import { environmentOf } from './distributor-environment.js';
import { type Edge, edgesOf, type Moment } from './edges.js';
import { FaultBooks, type Payee } from './fault-books.js';
import { FaultChain } from './fault-chain.js';
import { MortalDistributor } from './mortal-distributor.js';
import { type CommitFate, type PostgresProxy, startPostgresProxy } from './postgres-proxy.js';

export interface FaultWorldOptions {
  /** The built program, `dist/apps/distributor/src/main.js`. */
  program: string;
  /** One line about what is happening. */
  say?: (text: string) => void;
}

/** What happened in this world, for the report. */
export interface Tally {
  /** By edge and moment. */
  kills: Map<string, number>;
  /** Faults of other kinds, by name. */
  faults: Map<string, number>;
  /** Σ of payouts that became payable. */
  debts: number;
}

/** Nothing may take longer, on a busy machine. */
const waitLimitMs = 60_000;
const nodesOfEach = 2;

type RpcRule = (question: RpcQuestion, node: number) => RpcFate;

/**
 * PostgreSQL, a chain, and distributors between them that may be killed at any moment. A spare process that has loaded
 * everything but sees no database yet takes over when another dies.
 */
export class FaultWorld {
  readonly tally: Tally = { kills: new Map(), faults: new Map(), debts: 0 };
  private readonly running: MortalDistributor[] = [];
  private spare: Promise<MortalDistributor> | undefined;
  private readonly watchers = new Set<(edges: readonly Edge[]) => void>();
  private commitRule: (process: MortalDistributor, statements: readonly string[]) => CommitFate = () =>
    'forward';
  private rpcRule: (process: MortalDistributor, ...asked: Parameters<RpcRule>) => RpcFate = () => 'forward';
  private isEnding = false;
  /** What a person would know, who repairs it. */
  readonly blacklisted = new Set<string>();
  tokenIsPaused = false;
  keyWasUsed = false;

  private constructor(
    private readonly options: FaultWorldOptions,
    readonly postgres: CrashingPostgres,
    /** Where the books are always found. */
    private readonly door: PostgresProxy,
    readonly chain: FaultChain,
    readonly books: FaultBooks,
  ) {}

  static async open(options: FaultWorldOptions): Promise<FaultWorld> {
    const [postgres, chain] = await Promise.all([CrashingPostgres.start(), FaultChain.start()]);
    const door = await startPostgresProxy(() => postgres.url);
    const books = await FaultBooks.open(door.url);
    const world = new FaultWorld(options, postgres, door, chain, books);
    await world.enter();
    return world;
  }

  say(text: string): void {
    this.options.say?.(text);
  }

  get alive(): readonly MortalDistributor[] {
    return this.running;
  }

  /** Of any distributor that lives and listens. */
  async api(): Promise<DistributorApi> {
    const [process] = this.running;
    if (!process) throw new Error('no distributor runs');
    return process.api;
  }

  /** One more distributor on the same books. */
  async enter(): Promise<MortalDistributor> {
    const process = await (this.spare ?? this.prepare());
    this.spare = undefined;
    if (!process.isAlive) throw new Error(`a spare distributor ended:\n${process.lastWords()}`);
    process.database.enter();
    this.running.push(process);
    if (!this.isEnding) this.spare = this.prepare();
    return process;
  }

  /** It is dead when this returns; the process and all it knew. */
  async kill(process: MortalDistributor): Promise<void> {
    this.running.splice(this.running.indexOf(process), 1);
    await process.end();
  }

  /** Resolves when PostgreSQL has committed a transaction that takes this edge. Ask before it can happen. */
  seen(edge: Edge): Promise<void> {
    return this.within(
      `edge ${edge}`,
      new Promise<void>((done) => {
        const watcher = (edges: readonly Edge[]) => {
          if (!edges.includes(edge)) return;
          this.watchers.delete(watcher);
          done();
        };
        this.watchers.add(watcher);
      }),
    );
  }

  /**
   * Kills whoever takes this edge first, at this moment; resolves when a successor is at work. `meanwhile` happens
   * before the successor sees anything.
   */
  killAt(edge: Edge, moment: Moment, meanwhile?: () => Promise<void>): Promise<void> {
    const died = new Promise<MortalDistributor>((done) => {
      this.commitRule = (process, statements) => {
        if (!edgesOf(statements).includes(edge)) return 'forward';
        this.commitRule = () => 'forward';
        const then = () => {
          process.kill();
          done(process);
        };
        return { cut: moment === 'before commit' ? 'before' : 'after', then };
      };
    });
    return this.within(`a death at ${edge} ${moment}`, this.replace(died, `${edge} ${moment}`, meanwhile));
  }

  /** Kills whoever comes to this commit or question to a node, counted from now. */
  killAtCount(count: number, what: 'commit' | 'question', moment: 'before' | 'after'): Promise<void> {
    let left = count;
    const died = new Promise<MortalDistributor>((done) => {
      const dies = (process: MortalDistributor) => () => {
        process.kill();
        done(process);
      };
      const isTheOne = () => (left -= 1) === 0;
      if (what === 'commit') {
        this.commitRule = (process) => (isTheOne() ? { cut: moment, then: dies(process) } : 'forward');
      } else {
        this.rpcRule = (process) => (isTheOne() ? { cut: moment, then: dies(process) } : 'forward');
      }
    });
    return this.within(`a death at ${what} ${count}`, this.replace(died, `random ${what}, ${moment}`));
  }

  /** Whoever takes this edge next is suspended right after it; resolves with that process when another one is at work. */
  freezeAt(edge: Edge): Promise<MortalDistributor> {
    const frozen = new Promise<MortalDistributor>((done) => {
      this.commitRule = (process, statements) => {
        if (!edgesOf(statements).includes(edge)) return 'forward';
        this.commitRule = () => 'forward';
        const answered = () => {
          process.freeze();
          done(process);
        };
        return { answered };
      };
    });
    const succeeded = async (): Promise<MortalDistributor> => {
      const process = await frozen;
      this.running.splice(this.running.indexOf(process), 1);
      this.say(`suspended at ${edge}`);
      if (this.running.length === 0) await this.enter();
      return process;
    };
    return this.within(`a suspension at ${edge}`, succeeded());
  }

  thaw(process: MortalDistributor): void {
    process.thaw();
    this.running.push(process);
  }

  /** As one copies the books while nobody works on them; `restoreBooks` brings them back to this moment. */
  async copyBooks(): Promise<void> {
    await this.withoutConnections(() => this.postgres.copyBooks());
  }

  async restoreBooks(): Promise<void> {
    await this.withoutConnections(() => this.postgres.restoreCopy());
  }

  private async withoutConnections(work: () => Promise<void>): Promise<void> {
    for (const process of [...this.running]) await this.kill(process);
    await this.books.close();
    await work();
    await this.books.open();
    await this.enter();
  }

  /** How the nodes of all distributors answer from now on. */
  nodes(rule: RpcRule): void {
    this.rpcRule = (_, question, node) => rule(question, node);
  }

  /** No fault any more that was ordered before; what they have left behind stays. */
  calm(): void {
    this.rpcRule = () => 'forward';
    this.commitRule = () => 'forward';
  }

  /** New debts of $1 to $500, to old payees and new ones. */
  async owe(payouts: readonly { payee: Payee | 'new'; microUsd: bigint }[]): Promise<Payee[]> {
    const payees: Payee[] = [];
    for (const { payee, microUsd } of payouts) {
      const known = payee === 'new' ? await this.books.newPayee() : payee;
      await this.books.owe(known, microUsd);
      payees.push(known);
    }
    this.tally.debts += payouts.length;
    return payees;
  }

  countFault(kind: string): void {
    this.tally.faults.set(kind, (this.tally.faults.get(kind) ?? 0) + 1);
  }

  /** What takes too long fails, with what the distributors said last. */
  private within<T>(what: string, promise: Promise<T>): Promise<T> {
    const bounded = this.bound(what, promise);
    // Whoever waits sees the rejection; nobody waits any more when something else failed first.
    bounded.catch(() => undefined);
    return bounded;
  }

  private async bound<T>(what: string, promise: Promise<T>): Promise<T> {
    const limit = new AbortController();
    const late = delay(waitLimitMs, limit.signal).then(() => {
      if (limit.signal.aborted) return promise;
      const words = this.running.map((process) => process.lastWords(8)).join('\n\n');
      throw new Error(`${what} did not come within ${waitLimitMs / 1_000} s\n${words}`);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      limit.abort();
    }
  }

  async close(): Promise<void> {
    this.isEnding = true;
    const spare = await this.spare?.catch(() => undefined);
    await Promise.all([...this.running, ...(spare ? [spare] : [])].map((process) => process.end()));
    await this.books.close();
    await this.door.stop();
    await this.chain.stop();
    await this.postgres.stop();
  }

  private async replace(
    died: Promise<MortalDistributor>,
    where: string,
    meanwhile?: () => Promise<void>,
  ): Promise<void> {
    await this.kill(await died);
    await meanwhile?.();
    this.tally.kills.set(where, (this.tally.kills.get(where) ?? 0) + 1);
    this.say(`killed at ${where}`);
    if (this.running.length === 0) await this.enter();
  }

  private async prepare(): Promise<MortalDistributor> {
    const process = await MortalDistributor.start({
      program: this.options.program,
      environment: environmentOf(this.chain),
      databaseUrl: () => this.postgres.url,
      rpcUrl: this.chain.rpcUrl,
      nodes: nodesOfEach,
      isWaiting: true,
    });
    process.database.decide((statements) => this.commitRule(process, statements));
    process.database.onCommitted((statements) => {
      const taken = edgesOf(statements);
      if (taken.length > 0) for (const watcher of [...this.watchers]) watcher(taken);
    });
    for (const [index, node] of process.nodes.entries()) {
      node.decide((question) => this.rpcRule(process, question, index));
    }
    return process;
  }
}
