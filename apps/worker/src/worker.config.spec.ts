import { ConfigurationError, parseEnvironment } from '#platform';
import { describe, expect, it } from '@jest/globals';

import { defaultServices, MonitoringPlan } from '#monitoring';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { workerConfigSchema } from './worker.config.js';

const parse = (environment: Record<string, string>) => parseEnvironment(workerConfigSchema, environment);

function faultsOf(environment: Record<string, string>) {
  try {
    parse(environment);
    return {};
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return Object.fromEntries(error.faults.map(({ variable, message }) => [variable, message]));
  }
}

describe("the worker's configuration", () => {
  it('needs no variable at all', () => {
    expect(parse({})).toMatchObject({
      port: 9876,
      services: defaultServices,
      minUptimeBasisPoints: 9_500n,
      dockerHost: undefined,
      orchestrator: undefined,
      offer: {
        name: 'agent-net',
        url: 'http://livepeer-worker:9876',
        capacity: 10,
        pricePerUnit: 0,
        priceScaling: 1,
      },
    });
  });

  it('reads every variable of the contract', () => {
    expect(
      parse({
        WORKER_PORT: '1234',
        WORKER_DATA_DIR: '/data',
        WORKER_PRIVATE_KEY: '11'.repeat(32),
        MONITORED_SERVICES: 's1_*, redis',
        MIN_SERVICE_UPTIME: '99.5',
        DOCKER_HOST: 'tcp://docker-proxy:2375',
        ORCH_URL: 'https://livepeer-orchestrator:9995/',
        ORCH_SECRET: 'orch-secret',
        CAPABILITY_NAME: 'other-net',
        CAPABILITY_URL: 'http://worker:1234/',
        CAPABILITY_DESCRIPTION: 'Other',
        CAPABILITY_CAPACITY: '3',
        CAPABILITY_PRICE_PER_UNIT: '5',
        CAPABILITY_PRICE_SCALING: '7',
        CAPABILITY_TOKEN: 'worker-token',
        JOB_UPLOAD_SECONDS: '3',
        LOG_FORMAT: 'pretty',
        LOG_LEVEL: 'debug',
      }),
    ).toEqual({
      port: 1234,
      dataDir: '/data',
      privateKey: '11'.repeat(32),
      privateKeyFile: undefined,
      services: ['s1_*', 'redis'],
      monitoringPlan: new MonitoringPlan([]),
      journalRetentionDays: 35,
      minUptimeBasisPoints: 9_950n,
      dockerHost: 'tcp://docker-proxy:2375',
      orchestrator: { url: 'https://livepeer-orchestrator:9995', secret: 'orch-secret' },
      offer: {
        name: 'other-net',
        url: 'http://worker:1234',
        description: 'Other',
        capacity: 3,
        pricePerUnit: 5,
        priceScaling: 7,
        token: 'worker-token',
      },
      jobUploadMs: 3_000,
      heartbeatMs: 30_000,
      logFormat: 'pretty',
      logLevel: 'debug',
    });
  });

  it('names every variable at fault at once, and repeats no key', () => {
    const faults = faultsOf({
      WORKER_PORT: '99999',
      WORKER_PRIVATE_KEY: '0xc0ffee',
      MONITORED_SERVICES: ' , ',
      MIN_SERVICE_UPTIME: '101',
      DOCKER_HOST: '/var/run/docker.sock',
      ORCH_URL: 'ftp://orchestrator',
      CAPABILITY_NAME: 'two\nlines',
      CAPABILITY_URL: 'worker:9876',
      CAPABILITY_CAPACITY: '0',
      CAPABILITY_PRICE_PER_UNIT: '-1',
      CAPABILITY_PRICE_SCALING: '0',
      CAPABILITY_TOKEN: 'two words c0ffee',
      JOB_UPLOAD_SECONDS: '0',
      LOG_FORMAT: 'xml',
      LOG_LEVEL: 'loud',
    });

    expect(Object.keys(faults).sort()).toEqual([
      'CAPABILITY_CAPACITY',
      'CAPABILITY_NAME',
      'CAPABILITY_PRICE_PER_UNIT',
      'CAPABILITY_PRICE_SCALING',
      'CAPABILITY_TOKEN',
      'CAPABILITY_URL',
      'DOCKER_HOST',
      'JOB_UPLOAD_SECONDS',
      'LOG_FORMAT',
      'LOG_LEVEL',
      'MIN_SERVICE_UPTIME',
      'MONITORED_SERVICES',
      'ORCH_SECRET',
      'ORCH_URL',
      'WORKER_PORT',
      'WORKER_PRIVATE_KEY',
    ]);
    expect(JSON.stringify(faults)).not.toContain('c0ffee');
  });

  it.each(['http://worker:9876/agent-net', 'http://worker:9876?x=1', '127.0.0.1:9876', 'http://'])(
    'refuses %s as CAPABILITY_URL, which an orchestrator would turn into wrong addresses',
    (url) => {
      expect(faultsOf({ CAPABILITY_URL: url })).toHaveProperty('CAPABILITY_URL');
    },
  );

  it('takes the secret of the orchestrator from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'worker-config-'));
    const file = join(folder, 'orch-secret');
    await writeFile(file, 'from-file\n');
    try {
      expect(parse({ ORCH_URL: 'https://orch:9995', ORCH_SECRET_FILE: file }).orchestrator?.secret).toBe(
        'from-file',
      );
      expect(faultsOf({ ORCH_URL: 'https://orch:9995', ORCH_SECRET_FILE: join(folder, 'absent') })).toEqual({
        ORCH_SECRET_FILE: expect.stringContaining('cannot be read'),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the faults of the monitoring file beside its own, and knows the passwords that it names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'worker-config-'));
    const MONITORING_FILE = join(folder, 'monitoring.yaml');
    const probe = 'services: { redis_scb: { probe: { type: redis, password: "${REDIS_PASSWORD}" } } }';
    await writeFile(MONITORING_FILE, probe);
    try {
      const faults = faultsOf({ MONITORING_FILE, WORKER_PORT: 'x' });
      expect(faults).toEqual({
        WORKER_PORT: expect.any(String),
        MONITORING_FILE: `${MONITORING_FILE}:1:48 services.redis_scb.probe.password needs the environment variable REDIS_PASSWORD, which is not set`,
      });
      const { monitoringPlan } = parse({ MONITORING_FILE, REDIS_PASSWORD: 'of-redis' });
      expect(monitoringPlan.secrets).toEqual(['of-redis']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(['ssh://host', 'tcp://host:port', 'tcp://', 'localhost:2375', 'https://host:2376'])(
    'refuses %s as DOCKER_HOST',
    (dockerHost) => {
      expect(faultsOf({ DOCKER_HOST: dockerHost })).toHaveProperty('DOCKER_HOST');
    },
  );

  it.each(['a b', '-x', 'a/b', 's1_?', 'ä'])('refuses %j among MONITORED_SERVICES', (name) => {
    expect(faultsOf({ MONITORED_SERVICES: `redis,${name}` })).toHaveProperty('MONITORED_SERVICES');
  });
});
