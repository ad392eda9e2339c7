import { deployLocalToken, type LocalToken } from '#payments/testing';
import Docker from 'dockerode';
import { randomBytes } from 'node:crypto';

import { UsageError } from '../surroundings/surroundings.js';
import { Checkout } from './checkout.js';
import { type ComposePayee, Deployment, payeesOf } from './deployment.js';
import { ComposeProject } from './engine/compose-project.js';
import { removeImageAndChildren } from './engine/import-image.js';
import { SleepingContainers } from './engine/sleeping-containers.js';
import { importDatabaseImage, importNodeImage, importProxyImage } from './engine/stand-in-images.js';
import { freePort } from './free-port.js';
import { PayerApi } from './payer-api.js';
import type { Payee, Rehearsed } from './rehearsed.js';
import { until } from './until.js';
import { WatchedServices } from './watched-services.js';

const pulledBase = 'node:24-bookworm-slim';
const buildLimitMs = 900_000;
const upLimitMs = 180_000;
const startLimitMs = 120_000;
const portTries = 5;

export interface StackOptions {
  periodSeconds: number;
  payees: number;
  /** Images made of this machine's programs, for where nothing can be pulled. */
  standIns: boolean;
}

/** Everything of one rehearsal on the Docker Engine: brought up, exchanged, and taken away again. */
export class RehearsalStack implements Rehearsed {
  private token: LocalToken | undefined;
  readonly services: ReadonlyMap<string, WatchedServices>;

  private constructor(
    private readonly docker: Docker,
    readonly checkout: Checkout,
    private readonly project: ComposeProject,
    private readonly deployment: Deployment,
    readonly payees: readonly ComposePayee[],
    private readonly containers: ReadonlyMap<string, SleepingContainers>,
    readonly api: PayerApi,
    private readonly prefix: string,
    private readonly imported: readonly string[],
  ) {
    this.services = new Map([...containers].map(([letter, engine]) => [letter, new WatchedServices(engine)]));
  }

  /** @throws UsageError without an Engine */
  static async open({ periodSeconds, payees: count, standIns }: StackOptions): Promise<RehearsalStack> {
    const docker = new Docker();
    await docker.ping().catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`a Docker Engine is needed, and none answers: ${why}.`);
    });
    const prefix = `rehearsal${randomBytes(4).toString('hex')}`;
    const own = (name: string) => (standIns ? `${prefix}/${name}` : undefined);
    const images = { base: own('node') ?? pulledBase, proxy: own('haproxy'), database: own('postgres') };
    const imported = standIns
      ? [
          await importNodeImage(docker, `${prefix}/node`),
          await importProxyImage(docker, `${prefix}/haproxy`),
          await importDatabaseImage(docker, `${prefix}/postgres`),
        ]
      : [];
    const payees = payeesOf(prefix, count);
    const checkout = await Checkout.open();
    const distributorPort = await freePort();
    const deployment = new Deployment({ prefix, periodSeconds, payees, images, distributorPort });
    return new RehearsalStack(
      docker,
      checkout,
      await ComposeProject.create({ prefix, folder: checkout.folder }),
      deployment,
      payees,
      new Map(
        await Promise.all(
          payees.map(
            async ({ letter, services }) =>
              [letter, await SleepingContainers.start(docker, images.base, services)] as const,
          ),
        ),
      ),
      new PayerApi(`http://127.0.0.1:${distributorPort}`, deployment.adminPassword),
      prefix,
      imported,
    );
  }

  /** Makes the images of the checkout as it is now. What runs goes on. */
  async build(version: 'old' | 'new'): Promise<void> {
    await this.configure(version);
    await this.project.run(['build', '--force-rm', 'livepeer-worker', 'payment-distributor'], buildLimitMs);
  }

  async prepareNew(): Promise<void> {
    await this.checkout.putWorkingTree();
    await this.build('new');
  }

  /** The first start: database and chain, a token on it, then the workers and the distributor. */
  async start(): Promise<void> {
    await this.up('postgres', 'elsewhere', 'chain');
    const port = await this.portOf('chain', '8545/tcp');
    this.token = await until('the chain', startLimitMs, () =>
      deployLocalToken({ rpcUrl: `http://127.0.0.1:${port}` }),
    );
    this.deployment.tokenAddress = this.token.tokenAddress;
    await this.configure('old');
    await this.exchange();
  }

  /** As `docker-compose up -d` does it: each container that has another image or other settings is replaced. */
  async exchange(): Promise<void> {
    await this.up(...this.payees.map(({ worker }) => worker), 'payment-distributor');
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    await until('a distributor that is ready', startLimitMs, async () => {
      const { status } = await fetch(`${this.api.url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      if (status !== 200) throw new Error(`/health/ready answers ${status}`);
      return true;
    });
  }

  stopDistributor = () => this.project.run(['stop', '--timeout', '60', 'payment-distributor'], upLimitMs);

  /** A distributor of the new version on the books that were restored. */
  async startOnRestoredBooks(): Promise<void> {
    this.deployment.booksAt = 'elsewhere';
    await this.configure('new');
    await this.up('payment-distributor');
    await this.untilReady();
  }

  async databaseUrl(which: 'origin' | 'elsewhere'): Promise<string> {
    const service = which === 'origin' ? 'postgres' : which;
    return this.deployment.databaseUrl('127.0.0.1', await this.portOf(service, '5432/tcp'));
  }

  async workerUrlFor({ letter }: Payee): Promise<string> {
    const { worker } = this.payees.find((payee) => payee.letter === letter) ?? { worker: 'livepeer-worker' };
    return `http://127.0.0.1:${await this.portOf(worker, '9876/tcp')}`;
  }

  async balanceOf(address: string): Promise<bigint> {
    if (this.token === undefined) throw new Error('There is no token before the start.');
    return this.token.balanceMicroUsd(address);
  }

  async lastWords(service: string): Promise<string> {
    return this.project.run(['logs', '--no-color', '--tail', '15', service]).catch(String);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.containers.values()].map((each) => each.remove()));
    await this.project.remove();
    for (const id of this.imported) await removeImageAndChildren(this.docker, id);
    for (const app of ['worker', 'distributor'].flatMap((each) => [`${each}:old`, `${each}:new`])) {
      await this.docker
        .getImage(`${this.prefix}/${app}`)
        .remove({ force: true })
        .catch(() => undefined);
    }
    await this.checkout.remove();
  }

  private async configure(version: 'old' | 'new'): Promise<void> {
    const override = await this.deployment.override(this.checkout.folder);
    await this.project.configure(this.deployment.variables(version), override);
  }

  /** Asked again where the Engine chose a port that a program of this machine had taken just before. */
  private async up(...services: string[]): Promise<void> {
    for (let triesLeft = portTries; triesLeft > 0; triesLeft--) {
      try {
        await this.project.run(['up', '-d', '--no-build', ...services], upLimitMs);
        return;
      } catch (error) {
        if (triesLeft === 1 || !String(error).includes('address already in use')) throw error;
      }
    }
  }

  private async portOf(service: string, port: string): Promise<number> {
    const { NetworkSettings } = await this.docker
      .getContainer(this.deployment.containerOf(service))
      .inspect();
    return Number(NetworkSettings.Ports[port]?.[0]?.HostPort);
  }
}
