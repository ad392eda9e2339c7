import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { delay } from '#platform';
import { Checkout } from '../../scripts/rehearse/checkout.js';
import { ComposeProject } from '../../scripts/rehearse/engine/compose-project.js';
import { removeImageAndChildren } from '../../scripts/rehearse/engine/import-image.js';
import {
  importDatabaseImage,
  importNodeImage,
  importProxyImage,
} from '../../scripts/rehearse/engine/stand-in-images.js';
import { describeWith } from './support/tools-present.js';

const prefix = `deploytest${randomBytes(4).toString('hex')}`;
const docker = new Docker();
const services = [`${prefix}_agent`, `${prefix}_redis`];
const image = (name: string) => `${prefix}/${name}`;
const nameOf = (service: string) => `${prefix}-${service}`;

/** The ports of the go-livepeer pair are fixed, so they are published on an address of this run alone. */
const ownLoopbackAddress = `127.${[...randomBytes(3)].map((byte) => 1 + (byte % 254)).join('.')}`;

const composeServices = [
  ...['livepeer-gateway', 'livepeer-orchestrator', 'livepeer-worker'],
  ...['docker-proxy', 'payment-distributor', 'postgres'],
];

/** Lies in the checkout wherever people keep secrets, while the images are built. */
const secretText = `secret-${randomBytes(16).toString('hex')}`;
const secretFiles = [
  ...['.env', '.env.production', '.local/stack.json', '.data/postgres.password'],
  ...['worker', 'distributor', 'gateway', 'orchestrator'].map((part) => `deploy/secrets/${part}/a-key`),
];

/** What the two variables of the contract leave to the defaults, save what would clash, take long or must be pulled. */
const variables = {
  ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
  ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
  MONITORED_SERVICES: services.join(','),
  REQUIRED_SERVICES: services.join(','),
  PAYMENT_INTERVAL_SECONDS: '4',
  WORKER_HOST_PORT: '0',
  WORKER_BIND_ADDRESS: '127.0.0.1',
  DISTRIBUTOR_HOST_PORT: '0',
  GATEWAY_BIND_ADDRESS: ownLoopbackAddress,
  ORCHESTRATOR_BIND_ADDRESS: ownLoopbackAddress,
  BASE_IMAGE: image('node'),
  WORKER_IMAGE: image('worker'),
  DISTRIBUTOR_IMAGE: image('distributor'),
  DOCKER_PROXY_IMAGE: image('haproxy'),
  POSTGRES_IMAGE: image('postgres'),
  GO_LIVEPEER_IMAGE: image('node'),
};

/** The checks themselves stay those of the images and the compose file, only more often. */
const often = { healthcheck: { interval: '1s' } };
const override = {
  version: '2.4',
  services: Object.fromEntries(
    composeServices.map((service) => [
      service,
      { container_name: nameOf(service), ...(service.startsWith('livepeer-g') ? {} : often) },
    ]),
  ),
  networks: { 'central-network': { name: `${prefix}-central` } },
};

/** Output of a container comes in frames: stream, three zeros, length in four bytes, text. */
function textOfFrames(raw: Buffer): string {
  let text = '';
  for (let at = 0; at + 8 <= raw.length; at += 8 + raw.readUInt32BE(at + 4)) {
    text += raw.toString('utf8', at + 8, at + 8 + raw.readUInt32BE(at + 4));
  }
  return text;
}

// Upper bounds for a machine that is busy with the other tests.
jest.setTimeout(200_000);

(await describeWith('engine', 'docker-compose', 'haproxy'))('the containers', () => {
  let project: ComposeProject;
  let checkout: Checkout;
  const imported: string[] = [];

  beforeAll(async () => {
    checkout = await Checkout.open();
    await checkout.putWorkingTree();
    for (const file of secretFiles) {
      await mkdir(join(checkout.folder, dirname(file)), { recursive: true });
      await writeFile(join(checkout.folder, file), secretText);
    }
    project = await ComposeProject.create({ prefix, folder: checkout.folder });
    await project.configure(variables, override);
    imported.push(await importNodeImage(docker, image('node')));
    imported.push(await importProxyImage(docker, image('haproxy')));
    imported.push(await importDatabaseImage(docker, image('postgres')));
    for (const name of services) {
      const container = await docker.createContainer({ name, Image: image('node'), Cmd: ['sleep', '3600'] });
      await container.start();
    }
    await project.run(['build', '--force-rm'], 400_000);
    await project.run(['up', '-d', '--no-build'], 120_000);
  }, 540_000);

  afterAll(async () => {
    await project.remove();
    for (const name of services) await docker.getContainer(name).remove({ force: true });
    for (const id of imported) await removeImageAndChildren(docker, id);
    await checkout.remove();
  }, 120_000);

  const inspect = (service: string) => docker.getContainer(nameOf(service)).inspect();

  async function until<T>(what: string, look: () => Promise<T | undefined>, limitMs = 90_000): Promise<T> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await delay(200);
    }
  }

  async function untilHealthy(service: string) {
    try {
      await until(`${service} is healthy`, async () =>
        (await inspect(service)).State.Health?.Status === 'healthy' ? true : undefined,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${await logsOf(service)}`, { cause: error });
    }
  }

  /** As `docker logs NAME | tail -20` shows them. */
  async function logsOf(service: string, tail = 20) {
    const raw = await docker.getContainer(nameOf(service)).logs({ stdout: true, stderr: true, tail });
    return textOfFrames(raw);
  }

  async function addressOf(service: string, port: string) {
    const { NetworkSettings } = await inspect(service);
    return `http://127.0.0.1:${NetworkSettings.Ports[port]?.[0]?.HostPort ?? ''}`;
  }

  async function execute(service: string, command: string[]): Promise<number | null> {
    const exec = await docker.getContainer(nameOf(service)).exec({ Cmd: command, AttachStdout: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.on('end', resolve).resume());
    return (await exec.inspect()).ExitCode;
  }

  it.each(['postgres', 'docker-proxy', 'livepeer-worker', 'payment-distributor'])(
    'turns %s healthy by its own health check',
    async (service) => {
      await untilHealthy(service);
    },
  );

  it('runs both apps as a user without rights on a file system that cannot be written', async () => {
    for (const service of ['livepeer-worker', 'payment-distributor']) {
      const { Config, HostConfig } = await inspect(service);
      expect(Config.User).toBe('1000:1000');
      expect(HostConfig.ReadonlyRootfs).toBe(true);
      expect(await execute(service, ['sh', '-c', 'echo > /app/mark'])).toBe(1);
    }
  });

  it('has no secret of the checkout in either image, nor in its settings or its history', async () => {
    for (const service of ['livepeer-worker', 'payment-distributor']) {
      // Found where it is mounted, so that finding nothing elsewhere means something.
      expect(await execute(service, ['grep', '-rqs', secretText, '/run/secrets'])).toBe(0);
      // Packages come from the registry alone, and are most of what would have to be read.
      const all = 'find /app /etc /tmp /var -path /app/node_modules -prune -o -type f';
      const search = `${all} -exec grep -ls ${secretText} {} + | grep -q .`;
      expect(await execute(service, ['sh', '-c', search])).toBe(1);
      const made = docker.getImage(image(service === 'livepeer-worker' ? 'worker' : 'distributor'));
      const told = JSON.stringify([await made.inspect(), await made.history()]);
      expect(told).not.toContain(secretText);
      expect(told).not.toContain(variables.ADMIN_PASSWORD);
    }
  });

  it('shows the uptime of the services at the published port of the worker', async () => {
    const schema = z.object({
      services: z.array(z.object({ name: z.string(), up_ms: z.number(), uptime_percentage: z.number() })),
    });
    const address = await addressOf('livepeer-worker', '9876/tcp');
    const report = await until('both services have been up', async () => {
      const answer = schema.parse(await (await fetch(`${address}/service-uptime?window=2s`)).json());
      return answer.services.every(({ uptime_percentage }) => uptime_percentage === 100) ? answer : undefined;
    });
    expect(report.services.map(({ name }) => name).sort()).toEqual([...services].sort());
  });

  it('shows the payments in the log of the distributor', async () => {
    const lines = await until('a period is paid', async () => {
      const paid = (await logsOf('payment-distributor'))
        .split('\n')
        .filter((line) => line.includes('period assessed') && line.includes('paid'))
        .filter((line) => !line.includes('unpaid'));
      return paid.length > 0 ? paid : undefined;
    });
    // Four seconds at ten dollars a minute; the cumulative floor makes an hour add up.
    expect(lines.join('\n')).toMatch(/0\.66666[67]/);
  });

  it('answers at the published port of the distributor', async () => {
    const address = await addressOf('payment-distributor', '8010/tcp');
    const answer = await fetch(`${address}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: variables.ADMIN_PASSWORD }),
    });
    expect(answer.ok).toBe(true);
    expect((await fetch(`${address}/docs`)).status).toBe(200);
  });

  it('lets nobody but the worker reach the proxy, and the worker only look', async () => {
    const ask = (method: string, path: string) => [
      'node',
      '-e',
      `fetch('http://docker-proxy:2375${path}', { method: '${method}' })
        .then((answer) => process.exit(answer.status === 200 ? 0 : 3), () => process.exit(4))`,
    ];
    expect(await execute('livepeer-worker', ask('GET', '/_ping'))).toBe(0);
    expect(await execute('livepeer-worker', ask('GET', '/images/json'))).toBe(3);
    expect(await execute('livepeer-worker', ask('POST', `/containers/${services[0] ?? ''}/stop`))).toBe(3);
    expect(await execute('payment-distributor', ask('GET', '/_ping'))).toBe(4);
  });

  it('makes the password of the database at the first start, and shows it in no variable', async () => {
    const isThere = ['sh', '-c', 'test -s /run/credentials/database-url'];
    expect(await execute('payment-distributor', isThere)).toBe(0);
    expect(await execute('livepeer-worker', isThere)).toBe(1);
    for (const service of ['postgres', 'payment-distributor']) {
      const { Config } = await inspect(service);
      expect(Config.Env.filter((line) => /^(POSTGRES_PASSWORD|DATABASE_URL)=/.test(line))).toEqual([]);
    }
  });

  it('says what the go-livepeer pair lacks, in its own logs, while everything else runs', async () => {
    expect(await logsOf('livepeer-gateway', 10)).toMatch(/ARBITRUM_RPC_URL[^]*GATEWAY_ETH_PASSWORD/);
    expect(await logsOf('livepeer-orchestrator', 10)).toMatch(/ORCHESTRATOR_ETH_PASSWORD[^]*ORCH_SECRET/);
    // It is started again and again: while it runs it has no exit code of its own.
    await until('the gateway has ended for want of its settings', async () =>
      (await inspect('livepeer-gateway')).State.ExitCode === 78 ? true : undefined,
    );
  });

  it('ends both apps in order when they are stopped, and keeps the books over a new start', async () => {
    await project.run(['stop', '--timeout', '30', 'payment-distributor', 'livepeer-worker', 'postgres']);
    for (const service of ['livepeer-worker', 'payment-distributor']) {
      expect((await inspect(service)).State).toMatchObject({ ExitCode: 0, OOMKilled: false });
    }
    await project.run(['up', '-d', '--no-build', 'payment-distributor', 'livepeer-worker'], 120_000);
    await untilHealthy('payment-distributor');
    await untilHealthy('livepeer-worker');
    const address = await addressOf('payment-distributor', '8010/tcp');
    expect(await earliestPeriod(address)).toBeLessThan(
      Date.parse((await inspect('payment-distributor')).State.StartedAt),
    );
  });

  async function earliestPeriod(address: string) {
    const login = await fetch(`${address}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: variables.ADMIN_PASSWORD }),
    });
    const { access_token } = z.object({ access_token: z.string() }).parse(await login.json());
    const answer = await fetch(`${address}/api/v1/assessments?limit=100`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    const { items } = z
      .object({ items: z.array(z.object({ period_start: z.string() })).min(1) })
      .parse(await answer.json());
    return Math.min(...items.map(({ period_start }) => Date.parse(period_start)));
  }
});
