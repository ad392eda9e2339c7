import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { defaultServices } from '../containers/default-services.js';
import { loadMonitoringPlan, MonitoringFileError, readMonitoringFile } from './monitoring-file.js';

const digest = 'a'.repeat(64);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'monitoring-file-'));
});

afterAll(() => rm(directory, { recursive: true }));

async function read(text: string, environment: Record<string, string> = {}, watched?: string[]) {
  const file = join(directory, 'monitoring.yaml');
  await writeFile(file, text);
  return readMonitoringFile(file, {
    variable: (name) => environment[name],
    isWatched: (name) => watched?.includes(name) ?? true,
  });
}

/** Without the name of the file. */
async function faultsOf(text: string, watched?: string[]): Promise<string[]> {
  try {
    await read(text, {}, watched);
  } catch (error) {
    if (error instanceof MonitoringFileError)
      return error.lines.map((line) => line.slice(error.file.length + 1));
    throw error;
  }
  throw new Error('no fault was found');
}

describe('monitoring.yaml', () => {
  it('says in a few words what each service must do', async () => {
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, 'from a file\n');
    const plan = await read(
      `
services:
  redis_scb:
    probe:
      type: redis
      password: \${REDIS_PASSWORD}
      every: 5s
      timeout: 500ms
      failAfter: 3
      passAfter: 2
  s1_*:
    probe: { type: http, url: 'http://{service}:8000/health', status: [200, 204], json: { path: ok, equals: true } }
  autogen_postgres:
    probe: { type: postgres, passwordFile: ${passwordFile} }
    identity: { images: ['postgres@sha256:${digest}'], command: [docker-entrypoint.sh, postgres], binds: [] }
`,
      { REDIS_PASSWORD: 'from the environment' },
    );

    expect(plan.probeFor('redis_scb')).toEqual({
      target: {
        type: 'redis',
        host: 'redis_scb',
        port: 6379,
        password: 'from the environment',
        database: 0,
        tls: false,
      },
      everyMs: 5_000,
      timeoutMs: 500,
      failAfter: 3,
      passAfter: 2,
    });
    expect(plan.probeFor('s1_b')?.target).toEqual({
      type: 'http',
      url: 'http://s1_b:8000/health',
      status: [200, 204],
      json: { path: 'ok', equals: true },
    });
    expect(plan.probeFor('autogen_postgres')).toMatchObject({
      target: { host: 'autogen_postgres', user: 'postgres', password: 'from a file' },
      everyMs: 10_000,
      timeoutMs: 3_000,
      failAfter: 2,
      passAfter: 1,
    });
    expect(plan.identityFor('autogen_postgres')).toEqual({
      images: [`sha256:${digest}`],
      command: ['docker-entrypoint.sh', 'postgres'],
      binds: [],
    });
    expect(plan.probeFor('other')).toBeNull();
    expect(plan.secrets.sort()).toEqual(['from a file', 'from the environment']);
  });

  it('prefers an exact name to a glob, and the earlier of two globs', async () => {
    const plan = await read(
      `services: { s1_*: { probe: { type: tcp, port: 1 } }, s*: { probe: { type: tcp, port: 2 } }, s1_a: { probe: { type: tcp, port: 3 } } }`,
    );
    const ports = ['s1_a', 's1_b', 's2'].map((service) => plan.probeFor(service)?.target);
    expect(ports).toMatchObject([{ port: 3 }, { port: 1 }, { port: 2 }]);
  });

  it('names every fault at once, with line, column and path', async () => {
    const faults = await faultsOf(
      `services:
  redis_scb:
    probe:
      type: redis
      prot: 6379
      port: 70000
      password: hunter2
      every: 10
      timeout: 9s
  mail:
    probe: { type: smtp }
  empty: {}
  page:
    probe:
      type: http
      failAfter: 0
      json: { path: 'a..b', equals: 1, exists: true }
  neo4j:
    probe: { type: neo4j, timeout: 5s, passwordFile: /nowhere, failAfter: 3 }
    identity: { images: [latest], command: sleep }
  ollama:
    probe: { type: ollama, url: 'http://user:secret@ollama' }
  a b:
    probe: { type: tcp, port: 1 }
extra: 1
`,
      ['redis_scb', 'mail', 'page', 'neo4j', 'ollama', 'a b'],
    );
    expect(faults).toEqual([
      '5:7 services.redis_scb.probe.prot is not known here',
      '6:7 services.redis_scb.probe.port must be a port number',
      '7:7 services.redis_scb.probe.password must be ${NAME} of an environment variable, never the password itself',
      '8:7 services.redis_scb.probe.every must be a time such as 10s, from 1000 ms to 300 s',
      '9:7 services.redis_scb.probe.timeout must be a time such as 3s, from 100 ms to 8 s',
      '11:14 services.mail.probe.type must be http, tcp, redis, postgres, neo4j or ollama',
      '12:3 services.empty needs probe, identity or both',
      '12:3 services.empty is not among the watched services (MONITORED_SERVICES)',
      '14:5 services.page.probe.url is required',
      '16:7 services.page.probe.failAfter must be at least 1',
      '17:7 services.page.probe.json needs one of equals and exists',
      '17:15 services.page.probe.json.path must be a path such as data.models[0].name',
      expect.stringMatching(/^19:40 services\.neo4j\.probe\.passwordFile .*\/nowhere.*cannot be read/),
      '19:64 services.neo4j.probe.failAfter times timeout must not exceed 8 s',
      '20:26 services.neo4j.identity.images.0 must be sha256: and 64 hexadecimal digits',
      '20:35 services.neo4j.identity.command must be a list of texts',
      '22:5 services.ollama.probe.model or digest is required',
      '22:28 services.ollama.probe.url must be an http:// or https:// URL without a password in it',
      '23:3 services.a b must be a container name or a glob such as s1_*',
      '25:1 extra is not known here',
    ]);
    expect(faults.join()).not.toMatch(/hunter2|secret@/);
  });

  it.each([
    ['', '1:1 must be a mapping'],
    ['services: [a]', '1:1 services must be container names, each with what is asked of it'],
    ['services:\n  a: &x\n    probe: *y', expect.stringContaining('Unresolved alias')],
    ['services:\n  a: 1\n  a: 2', expect.stringMatching(/^3:3 Map keys must be unique/)],
    ['services: !env FILE', expect.stringMatching(/^1:11 Unresolved tag/)],
  ])('refuses %j', async (text, fault) => {
    expect(await faultsOf(text)).toContainEqual(fault);
  });

  it('names a variable that is not set, and a file that is not there', async () => {
    expect(
      await faultsOf('services: { a: { probe: { type: redis, password: "${NOBODY_SET_ME}" } } }'),
    ).toEqual([
      '1:40 services.a.probe.password needs the environment variable NOBODY_SET_ME, which is not set',
    ]);
    const file = join(directory, 'absent.yaml');
    const load = () =>
      loadMonitoringPlan({ file, dataDir: directory, services: [], variable: () => undefined });
    expect(load).toThrow(`${file}:1:1 cannot be read`);
  });

  it('is looked for in the data directory, and need not exist', async () => {
    const dataDir = await mkdtemp(join(directory, 'data-'));
    const load = () =>
      loadMonitoringPlan({
        file: undefined,
        dataDir,
        services: ['redis_scb', 's1_*'],
        variable: () => undefined,
      });
    expect(load().probeFor('redis_scb')).toBeNull();
    const text = (service: string) => `services: { ${service}: { probe: { type: tcp, port: 6379 } } }`;
    await writeFile(join(dataDir, 'monitoring.yaml'), text('redis*'));
    expect(load().probeFor('redis_scb')).not.toBeNull();
    await writeFile(join(dataDir, 'monitoring.yaml'), text('redis_sbc'));
    expect(load).toThrow('services.redis_sbc is not among the watched services');
  });

  it('has an example for the seven services that is right', () => {
    const file = fileURLToPath(new URL('../../../../deploy/monitoring.example.yaml', import.meta.url));
    const asked: string[] = [];
    const plan = loadMonitoringPlan({
      file,
      dataDir: directory,
      services: defaultServices,
      variable: (name) => {
        asked.push(name);
        return 'a password';
      },
    });
    for (const service of defaultServices) expect(plan.probeFor(service)).not.toBeNull();
    expect(asked).toContain('REDIS_PASSWORD');
    expect(defaultServices.filter((service) => plan.identityFor(service) !== null)).not.toEqual([]);
  });
});
