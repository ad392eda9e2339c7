import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';
import {
  type Anvil,
  deployLocalToken,
  developmentKeys,
  type LocalToken,
  startAnvil,
} from '#payments/testing';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/rehearse/free-port.js';
import { PayerApi } from '../../../scripts/rehearse/payer-api.js';
import type { Payee, Rehearsed } from '../../../scripts/rehearse/rehearsed.js';
import { until } from '../../../scripts/rehearse/until.js';
import { WatchedServices } from '../../../scripts/rehearse/watched-services.js';
import { repository } from './compose-file.js';
import { RunningProgram } from './running-program.js';

const adminPassword = 'LivepeerManager2025!Secure';
const distributorProgram = join(repository, 'dist/apps/distributor/src/main.js');
const workerProgram = join(repository, 'dist/worker/main.js');
const readyLimitMs = 60_000;

interface WatchedPayee extends Payee {
  port: number;
}

/** Workers, distributor and a chain as processes of this machine; the new version is the old one, started again. */
export class ProcessStack implements Rehearsed {
  private readonly workers = new Map<string, RunningProgram>();
  private distributor: RunningProgram | undefined;
  private booksAt: 'origin' | 'elsewhere' = 'origin';

  private constructor(
    private readonly periodSeconds: number,
    private readonly folder: string,
    private readonly engines: ReadonlyMap<string, SimulatedEngine>,
    private readonly anvil: Anvil,
    private readonly token: LocalToken,
    private readonly origin: TestDatabase,
    private readonly elsewhere: EmbeddedPostgres,
    private readonly port: number,
    readonly payees: readonly WatchedPayee[],
    readonly services: ReadonlyMap<string, WatchedServices>,
    readonly api: PayerApi,
  ) {}

  static async start(periodSeconds: number): Promise<ProcessStack> {
    const folder = await mkdtemp(join(tmpdir(), 'upgrade-spec-'));
    // As root PostgreSQL runs as another user, who must be able to enter.
    await chmod(folder, 0o755);
    const payees = await Promise.all(['a', 'b'].map(payeeOf));
    // One Engine each: two payees' services on one Engine would be one stack, which is paid once.
    const engines = new Map(
      await Promise.all(
        payees.map(async ({ letter, services }) => [letter, await engineOf(services)] as const),
      ),
    );
    const anvil = await startAnvil({ blockTimeSeconds: 1 });
    const port = await freePort();
    const stack = new ProcessStack(
      ...([periodSeconds, folder, engines, anvil] as const),
      await deployLocalToken({ rpcUrl: anvil.rpcUrl }),
      await createTestDatabase(),
      await startEmbeddedPostgres({ dataDir: join(folder, 'elsewhere') }),
      ...([port, payees] as const),
      new Map([...engines].map(([letter, engine]) => [letter, new WatchedServices(controlOf(engine))])),
      new PayerApi(`http://127.0.0.1:${port}`, adminPassword),
    );
    for (const payee of payees) stack.startWorker(payee);
    await stack.startDistributor();
    return stack;
  }

  async prepareNew(): Promise<void> {
    // The old build is the new one.
  }

  async exchange(): Promise<void> {
    await Promise.all([this.stopDistributor(), ...[...this.workers.values()].map((worker) => worker.end())]);
    for (const payee of this.payees) this.startWorker(payee);
    await this.startDistributor();
  }

  async stopDistributor(): Promise<void> {
    await this.distributor?.end();
    this.distributor = undefined;
  }

  async startOnRestoredBooks(): Promise<void> {
    this.booksAt = 'elsewhere';
    await this.startDistributor();
  }

  databaseUrl = async (which: 'origin' | 'elsewhere') =>
    which === 'origin' ? this.origin.url : this.elsewhere.url;
  workerUrlFor = async ({ workerUrl }: Payee) => workerUrl;
  balanceOf = (address: string) => this.token.balanceMicroUsd(address);

  async close(): Promise<void> {
    const programs = [this.stopDistributor(), ...[...this.workers.values()].map((worker) => worker.end())];
    const ended = await Promise.allSettled(programs);
    const engines = [...this.engines.values()].map((engine) => engine.stop());
    await Promise.all([...engines, this.anvil.stop(), this.elsewhere.stop()]);
    await this.origin.drop();
    await rm(this.folder, { recursive: true, force: true });
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  private startWorker({ letter, port, services }: WatchedPayee): void {
    const environment = {
      WORKER_PORT: String(port),
      WORKER_DATA_DIR: join(this.folder, letter),
      DOCKER_HOST: this.engines.get(letter)?.dockerHost ?? '',
      MONITORED_SERVICES: services.join(','),
    };
    this.workers.set(letter, RunningProgram.start(workerProgram, environment));
  }

  private async startDistributor(): Promise<void> {
    const first = this.payees[0];
    const distributor = RunningProgram.start(distributorProgram, {
      PORT: String(this.port),
      DATABASE_URL: await this.databaseUrl(this.booksAt),
      ADMIN_PASSWORD: adminPassword,
      PAYMENT_INTERVAL_SECONDS: String(this.periodSeconds),
      ORCHESTRATOR_ADDRESSES: first?.serviceUri ?? '',
      WORKER_URL: first?.workerUrl ?? '',
      PAYOUT_ADDRESSES: first?.payoutAddress ?? '',
      REQUIRED_SERVICES: first?.services.join(',') ?? '',
      ALLOW_LOOPBACK_WORKERS: 'true',
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      SETTLEMENT_METHOD: 'usdc',
      SETTLE_INTERVAL_SECONDS: '3',
      ...{ MIN_PAYOUT_USD: '0.1', MAX_PAYOUT_USD: '10000', MAX_DAILY_PAYOUT_USD: '100000' },
      ...{ ETH_RPC_URL: this.anvil.rpcUrl, CHAIN_ID: '31337', FINALITY: '2' },
      TOKEN_ADDRESS: this.token.tokenAddress,
      PAYER_PRIVATE_KEY: developmentKeys.payer,
    });
    this.distributor = distributor;
    await until('a distributor that is ready', readyLimitMs, async () => {
      const { status } = await fetch(`${this.api.url}/health/ready`);
      return status === 200 ? true : undefined;
    }).catch((error: unknown) => {
      throw new Error(distributor.lastWords, { cause: error });
    });
  }
}

const engineOf = (services: readonly string[]) =>
  startSimulatedEngine({ services: services.map((name) => ({ name })) });

const controlOf = (engine: SimulatedEngine) => ({
  stop: async (name: string) => {
    engine.stopService(name);
  },
  start: async (name: string) => {
    engine.startService(name);
  },
});

async function payeeOf(letter: string): Promise<WatchedPayee> {
  const port = await freePort();
  return {
    ...{ letter, port, workerUrl: `http://127.0.0.1:${port}` },
    serviceUri: `https://orchestrator-${letter}.example:9995`,
    services: [`${letter}_agent`, `${letter}_redis`],
    payoutAddress: `0x${randomBytes(20).toString('hex')}`,
  };
}
