import { developmentKeys, findAnvil } from '#payments/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

import type { Payee } from './rehearsed.js';

export const chainId = 31_337;
const databaseName = 'uptime_payroll';

export interface ComposePayee extends Payee {
  /** The worker as a service of the Compose project. */
  worker: string;
}

export interface Images {
  base: string;
  proxy: string | undefined;
  database: string | undefined;
}

export interface DeploymentOptions {
  prefix: string;
  periodSeconds: number;
  payees: readonly ComposePayee[];
  images: Images;
  distributorPort: number;
}

/** The first payee's worker is the compose file's own; the others' are copies of it. */
export function payeesOf(prefix: string, count: number): ComposePayee[] {
  return Array.from({ length: count }, (_, index) => {
    const letter = String.fromCodePoint(97 + index);
    const worker = index === 0 ? 'livepeer-worker' : `worker-${letter}`;
    return {
      letter,
      serviceUri: `https://orchestrator-${letter}.example:9995`,
      worker,
      workerUrl: `http://${worker}:9876`,
      services: ['agent', 'redis'].map((service) => `${prefix}_${letter}_${service}`),
      payoutAddress: `0x${randomBytes(20).toString('hex')}`,
    };
  });
}

const serviceSchema = z.looseObject({
  environment: z.record(z.string(), z.unknown()),
  volumes: z.array(z.string()),
});
const composeSchema = z.looseObject({
  services: z.looseObject({ 'livepeer-worker': serviceSchema, postgres: serviceSchema }),
});

/** The manager side of a checkout as the rehearsal runs it: every name its own, every port on loopback, a chain beside it. */
export class Deployment {
  readonly adminPassword = `rehearsal ${randomBytes(12).toString('hex')}`;
  private readonly databasePassword = randomBytes(16).toString('hex');
  /** Where the distributor finds its books: the project's database, until they were restored elsewhere. */
  booksAt: 'postgres' | 'elsewhere' = 'postgres';
  tokenAddress = '';

  constructor(private readonly options: DeploymentOptions) {}

  containerOf = (service: string) => `${this.options.prefix}-${service}`;

  databaseUrl(host: string, port = 5432): string {
    return `postgres://uptime_payroll:${this.databasePassword}@${host}:${port}/${databaseName}`;
  }

  variables(version: string): Record<string, string> {
    const { prefix, periodSeconds, payees, images, distributorPort } = this.options;
    const [first] = payees;
    return {
      ADMIN_PASSWORD: this.adminPassword,
      POSTGRES_PASSWORD: this.databasePassword,
      ...(this.booksAt === 'elsewhere' && { DATABASE_URL: this.databaseUrl('elsewhere') }),
      ORCHESTRATOR_ADDRESSES: first?.serviceUri ?? '',
      PAYOUT_ADDRESSES: first?.payoutAddress ?? '',
      MONITORED_SERVICES: first?.services.join(',') ?? '',
      REQUIRED_SERVICES: first?.services.join(',') ?? '',
      PAYMENT_INTERVAL_SECONDS: String(periodSeconds),
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      SETTLEMENT_METHOD: 'usdc',
      SETTLE_INTERVAL_SECONDS: String(2 * periodSeconds),
      ...{ MIN_PAYOUT_USD: '1', MAX_PAYOUT_USD: '10000', MAX_DAILY_PAYOUT_USD: '100000' },
      ...{ ETH_RPC_URL: 'http://chain:8545', CHAIN_ID: String(chainId), FINALITY: '2' },
      TOKEN_ADDRESS: this.tokenAddress,
      PAYER_PRIVATE_KEY: developmentKeys.payer,
      ...{ WORKER_BIND_ADDRESS: '127.0.0.1', WORKER_HOST_PORT: '0' },
      DISTRIBUTOR_HOST_PORT: String(distributorPort),
      LOG_FORMAT: 'json',
      BASE_IMAGE: images.base,
      WORKER_IMAGE: `${prefix}/worker:${version}`,
      DISTRIBUTOR_IMAGE: `${prefix}/distributor:${version}`,
      ...(images.proxy !== undefined && { DOCKER_PROXY_IMAGE: images.proxy }),
      ...(images.database !== undefined && { POSTGRES_IMAGE: images.database }),
    };
  }

  /** What is laid over the compose file of the checkout as it is now. */
  async override(folder: string): Promise<object> {
    const { prefix, payees, images } = this.options;
    const file = await readFile(join(folder, 'docker-compose.manager.yml'), 'utf8');
    const { services } = composeSchema.parse(parse(file));
    const copies = payees.slice(1).map(({ worker, services: watched }) => {
      const { build: _build, depends_on: _waits, ...own } = services['livepeer-worker'];
      const environment = { ...own.environment, MONITORED_SERVICES: watched.join(',') };
      return [
        worker,
        { ...renamed(own, worker), environment, container_name: this.containerOf(worker) },
      ] as const;
    });
    const named = [
      'livepeer-gateway',
      'livepeer-orchestrator',
      'livepeer-worker',
      'docker-proxy',
      'payment-distributor',
    ];
    return {
      version: '2.4',
      services: {
        ...Object.fromEntries(
          named.map((service) => [service, { container_name: this.containerOf(service) }]),
        ),
        ...Object.fromEntries(copies),
        postgres: { container_name: this.containerOf('postgres'), ports: ['127.0.0.1::5432'] },
        elsewhere: {
          ...renamed(services.postgres, 'elsewhere'),
          ...{ container_name: this.containerOf('elsewhere'), ports: ['127.0.0.1::5432'] },
        },
        chain: {
          image: images.base,
          container_name: this.containerOf('chain'),
          entrypoint: ['/anvil', '--host', '0.0.0.0', '--chain-id', String(chainId)],
          command: [
            '--mixed-mining',
            '--block-time',
            '1',
            '--prune-history',
            '128',
            '--slots-in-an-epoch',
            '1',
          ],
          volumes: [`${findAnvil()}:/anvil:ro`],
          ports: ['127.0.0.1::8545'],
          networks: ['central-network'],
        },
      },
      networks: { 'central-network': { name: `${prefix}-central` } },
      volumes: Object.fromEntries(
        [...payees.slice(1).map(({ worker }) => worker), 'elsewhere'].flatMap((service) =>
          ['worker-data', 'postgres-data', 'database-credentials'].map((volume) => [
            `${service}-${volume}`,
            {},
          ]),
        ),
      ),
    };
  }
}

/** A service with volumes of its own. */
function renamed<S extends z.output<typeof serviceSchema>>(service: S, name: string): S {
  const volumes = service.volumes.map((volume) =>
    /^(worker-data|postgres-data|database-credentials):/.test(volume) ? `${name}-${volume}` : volume,
  );
  return { ...service, volumes };
}
