import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';

import { type RpcProxy, startRpcProxy } from '../rpc-proxy.js';
import { DistributorApi } from './distributor-api.js';
import { type PostgresProxy, startPostgresProxy } from './postgres-proxy.js';

export interface MortalDistributorOptions {
  /** The built program, `dist/apps/distributor/src/main.js`. */
  program: string;
  /** Without DATABASE_URL, ETH_RPC_URL, PORT and ADMIN_PASSWORD. */
  environment: Readonly<Record<string, string>>;
  /** Where PostgreSQL is now. */
  databaseUrl: () => string;
  rpcUrl: string;
  /** How many nodes it believes to have. */
  nodes: number;
  /** It gets no connection to PostgreSQL before `enter()`. */
  isWaiting?: boolean;
}

const adminPassword = 'torture 2026, every cent once';
const startLimitMs = 60_000;
const keptLines = 200;

const factSchema = z.looseObject({ message: z.string(), port: z.number().optional() });

/** The real program as a process that may be killed, seen from outside only: its database and its nodes are proxies. */
export class MortalDistributor {
  private readonly lines: string[] = [];
  private readonly child: ChildProcess;
  readonly api: Promise<DistributorApi>;
  readonly exited: Promise<void>;

  private constructor(
    options: MortalDistributorOptions,
    readonly database: PostgresProxy,
    readonly nodes: readonly RpcProxy[],
  ) {
    this.child = spawn(process.execPath, ['--enable-source-maps', options.program], {
      env: {
        ...options.environment,
        LOG_FORMAT: 'json',
        PORT: '0',
        ADMIN_PASSWORD: adminPassword,
        DATABASE_URL: database.url,
        ETH_RPC_URL: nodes.map(({ url }) => url).join(','),
      },
      // Ctrl-C reaches the harness, which ends what it has started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((done) => {
      this.child.once('exit', () => {
        done();
      });
    });
    this.api = this.whenListening();
    // Whoever waits sees the rejection.
    this.api.catch(() => undefined);
  }

  static async start(options: MortalDistributorOptions): Promise<MortalDistributor> {
    const database = await startPostgresProxy(options.databaseUrl);
    if (options.isWaiting) database.hold();
    const nodes = await Promise.all(
      Array.from({ length: options.nodes }, () => startRpcProxy(options.rpcUrl)),
    );
    return new MortalDistributor(options, database, nodes);
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** SIGKILL: it gets no chance to do anything. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** As a virtual machine that is suspended: its connections stay open, and it notices nothing. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async end(): Promise<void> {
    if (this.isAlive) this.kill();
    await this.exited;
    await Promise.all([this.database.stop(), ...this.nodes.map((node) => node.stop())]);
  }

  /** Its log's end, for when something went wrong. */
  lastWords(lines = 30): string {
    return this.lines.slice(-lines).join('\n');
  }

  private whenListening(): Promise<DistributorApi> {
    return new Promise((listening, failed) => {
      const limit = setTimeout(() => {
        failed(new Error(`the distributor did not listen within 60 s:\n${this.lastWords()}`));
      }, startLimitMs);
      const hear = (line: string) => {
        if (this.lines.push(line) > keptLines) this.lines.shift();
        const port = portIn(line);
        if (port === undefined) return;
        clearTimeout(limit);
        listening(new DistributorApi(`http://127.0.0.1:${port}`, adminPassword));
      };
      for (const stream of [this.child.stdout, this.child.stderr]) {
        if (stream) createInterface({ input: stream }).on('line', hear);
      }
      void this.exited.then(() => {
        clearTimeout(limit);
        failed(new Error(`the distributor ended before it listened:\n${this.lastWords()}`));
      });
    });
  }
}

function portIn(line: string): number | undefined {
  if (!line.includes('distributor listening')) return undefined;
  const fact = factSchema.safeParse(JSON.parse(line));
  return fact.data?.port;
}
