import { startSimulatedEngine } from '#monitoring/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RunningWorker, send, startWorker, until } from '../testing/running-worker.js';
import { serviceStatusesSchema } from '../uptime/uptime.responses.js';

const password = 'password-of-the-services';

let folder: string;
let page: Server;
let worker: RunningWorker;
let stopEngine: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-probes-'));
  page = createServer((request, response) => {
    // The graph database refuses the password, the agent is well.
    response.writeHead(request.url === '/health' ? 200 : 401).end();
  });
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const address = page.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  const file = join(folder, 'monitoring.yaml');
  await writeFile(
    file,
    `services:
  autogen_agent:
    probe: { type: http, url: '${url}/health' }
  autogen_neo4j:
    probe: { type: neo4j, url: '${url}', password: "\${NEO4J_PASSWORD}" }
  redis_scb:
    identity: { command: [redis-server] }
`,
  );
  const services = ['autogen_agent', 'autogen_neo4j', 'redis_scb', 'scb_gateway'];
  const engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  stopEngine = () => engine.stop();
  worker = await startWorker({
    DOCKER_HOST: engine.dockerHost,
    MONITORED_SERVICES: services.join(),
    MONITORING_FILE: file,
    NEO4J_PASSWORD: password,
  });
});

afterAll(async () => {
  await worker.stop();
  await stopEngine();
  page.closeAllConnections();
  page.close();
  await rm(folder, { recursive: true });
});

const statuses = async () =>
  serviceStatusesSchema.parse((await send(`${worker.url}/service-status`)).json).services;

describe('a worker with a monitoring file', () => {
  it('shows at /service-status what the probe of each service says, and what it is instead', async () => {
    const services = await until(
      statuses,
      ({ autogen_agent: agent, autogen_neo4j: neo4j, redis_scb: redis }) =>
        agent?.state === 'up' && neo4j?.probe?.detail !== null && redis?.state === 'down',
    );
    expect(services.autogen_agent?.probe).toEqual({
      type: 'http',
      state: 'passing',
      last_success_at: expect.stringMatching(/Z$/),
      failing_since: null,
      detail: null,
    });
    expect(services.autogen_neo4j).toMatchObject({
      state: 'starting',
      reason: 'probe pending',
      probe: { type: 'neo4j', state: 'pending', last_success_at: null, detail: 'authentication failed' },
    });
    expect(services.redis_scb).toMatchObject({
      state: 'down',
      reason: 'identity mismatch: command',
      probe: null,
    });
    expect(services.scb_gateway).toMatchObject({ state: 'up', probe: null });
  });

  it('counts results and their time by service, and tells no password anywhere', async () => {
    const metrics = await until(
      () => send(`${worker.url}/metrics`),
      ({ text }) =>
        /worker_probe_results_total\{service="autogen_neo4j",outcome="failed"\} \d/.test(text) &&
        /worker_probe_results_total\{service="autogen_agent",outcome="passed"\} \d/.test(text),
    );
    expect(metrics.text).toMatch(/worker_probe_duration_seconds_count\{service="autogen_agent"\} \d/);
    expect(metrics.text).toContain('worker_probe_passing{service="autogen_agent"} 1');
    expect(metrics.text).toContain('worker_probe_passing{service="autogen_neo4j"} 0');
    for (const path of ['/service-status', '/service-uptime', '/metrics', '/health', '/docs-json']) {
      expect((await send(`${worker.url}${path}`)).text).not.toContain(password);
    }
  });
});
