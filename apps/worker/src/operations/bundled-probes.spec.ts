import { type SimulatedEngine, isProgram, startSimulatedEngine } from '#monitoring/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { send, until } from '../testing/running-worker.js';
import { serviceStatusesSchema } from '../uptime/uptime.responses.js';

const program = fileURLToPath(new URL('../../../../dist/worker/main.js', import.meta.url));
const postgres = new URL(process.env.TEST_POSTGRES_URL ?? 'postgresql://absent');
const password = 'password-of-the-services';
// A distribution package: without it Redis is left out, unless CI says that it must be there.
const withRedis = process.env.REQUIRE_DOCKER === '1' || (await isProgram('redis-server'));

const standIns = ['http', 'neo4j', 'neo4j-query', 'ollama'];
const services = [...standIns, 'tcp', 'postgres', ...(withRedis ? ['redis'] : [])];

const statementSchema = z.object({ parameters: z.object({ nonce: z.string() }) });
const transactionSchema = z.object({ statements: z.tuple([statementSchema]) });

let folder: string;
let page: Server;
let isBroken = false;
let redis: ChildProcess | undefined;
let engine: SimulatedEngine;
let worker: ChildProcess;
let url: string;

/** What an agent, Neo4j and Ollama answer to what their probes ask, by path. */
const answers: Record<string, (request: IncomingMessage) => unknown> = {
  '/health': () => ({ status: 'ok' }),
  '/api/tags': () => ({ models: [{ name: 'llama3.2:3b', digest: 'a'.repeat(64) }] }),
  '/db/neo4j/tx/commit': async (request) => {
    const [{ parameters }] = transactionSchema.parse(await json(request)).statements;
    return { results: [{ columns: ['nonce'], data: [{ row: [parameters.nonce] }] }], errors: [] };
  },
  '/db/neo4j/query/v2': async (request) => {
    const { parameters } = statementSchema.parse(await json(request));
    return { data: { fields: ['nonce'], values: [[parameters.nonce]] } };
  },
};

async function serve(request: IncomingMessage, response: ServerResponse) {
  const { url: path = '', headers } = request;
  const isAllowed = !path.startsWith('/db') || headers.authorization?.startsWith('Basic ') === true;
  const answer = isBroken || !isAllowed ? undefined : await answers[path]?.(request);
  if (answer === undefined) response.writeHead(500).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

async function listenAnywhere(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function startRedis(): Promise<number> {
  const holder = createServer();
  const port = await listenAnywhere(holder);
  holder.close();
  await once(holder, 'close');
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  redis = spawn('redis-server', [...options, '--requirepass', password], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (!redis.stdout) throw new Error('no output');
  for await (const line of createInterface(redis.stdout)) {
    if (line.includes('Ready to accept connections')) break;
  }
  return port;
}

const pace = 'every: 1s, timeout: 900ms, failAfter: 1';

async function monitoringFile(port: number): Promise<string> {
  const at = `http://127.0.0.1:${port}`;
  const neo4j = `type: neo4j, url: '${at}', password: "\${SERVICES_PASSWORD}"`;
  const server = `host: ${postgres.hostname}, port: ${postgres.port}, user: ${postgres.username}`;
  const database = decodeURIComponent(postgres.pathname.slice(1));
  const probes: Record<string, string> = {
    http: `type: http, url: '${at}/health', json: { path: status, equals: ok }`,
    neo4j: `${neo4j}, api: transactional`,
    'neo4j-query': `${neo4j}, api: query`,
    ollama: `type: ollama, url: '${at}', model: llama3.2:3b`,
    tcp: `type: tcp, host: 127.0.0.1, port: ${port}`,
    postgres: `type: postgres, ${server}, password: "\${DATABASE_PASSWORD}", database: ${database}`,
    ...(withRedis && {
      redis: `type: redis, host: 127.0.0.1, port: ${await startRedis()}, password: "\${SERVICES_PASSWORD}"`,
    }),
  };
  const file = join(folder, 'monitoring.yaml');
  const lines = Object.entries(probes).map(
    ([name, probe]) => `  ${name}: { probe: { ${probe}, ${pace} } }\n`,
  );
  await writeFile(file, `services:\n${lines.join('')}`);
  return file;
}

const startedSchema = z.object({ port: z.number() });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundled-worker-'));
  page = createServer((request, response) => {
    serve(request, response).catch(() => response.writeHead(500).end());
  });
  const file = await monitoringFile(await listenAnywhere(page));
  engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  // The servers were started after their containers.
  for (const name of services) engine.service(name).startedAt = '2026-01-01T00:00:00.000000000Z';
  worker = spawn(process.execPath, [program], {
    env: {
      PATH: process.env.PATH,
      WORKER_PORT: '0',
      WORKER_DATA_DIR: join(folder, 'data'),
      DOCKER_HOST: engine.dockerHost,
      MONITORED_SERVICES: services.join(),
      MONITORING_FILE: file,
      SERVICES_PASSWORD: password,
      DATABASE_PASSWORD: decodeURIComponent(postgres.password),
      LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!worker.stdout) throw new Error('no output');
  for await (const line of createInterface(worker.stdout)) {
    if (!line.includes('worker listening')) continue;
    url = `http://127.0.0.1:${startedSchema.parse(JSON.parse(line)).port}`;
    break;
  }
  worker.stdout.resume();
});

afterAll(async () => {
  worker.kill('SIGTERM');
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  redis?.kill('SIGKILL');
  await engine.stop();
  page.closeAllConnections();
  page.close();
  await rm(folder, { recursive: true, force: true });
});

const statuses = async () => serviceStatusesSchema.parse((await send(`${url}/service-status`)).json).services;

const statesOf = (found: Awaited<ReturnType<typeof statuses>>) =>
  Object.fromEntries(services.map((name) => [name, found[name]?.state]));

describe('the worker in one file', () => {
  it('asks with every kind of probe, and finds up what answers right', async () => {
    const found = await until(statuses, (now) => services.every((name) => now[name]?.state === 'up'));
    for (const name of services) {
      expect(found[name]?.probe).toMatchObject({ type: name.split('-')[0], state: 'passing', detail: null });
    }
  });

  it('finds down what answers wrong, or not at all, and nothing else', async () => {
    isBroken = true;
    redis?.kill('SIGKILL');
    const gone = [...standIns, ...(withRedis ? ['redis'] : [])];
    const found = await until(statuses, (now) => gone.every((name) => now[name]?.state === 'down'));
    expect(found.http?.reason).toBe('probe failed: status 500');
    if (withRedis) expect(found.redis?.reason).toMatch(/^probe failed: connection/);
    expect(statesOf(found)).toMatchObject({ tcp: 'up', postgres: 'up' });
  });
});
