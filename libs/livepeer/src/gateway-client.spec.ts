import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';

import { DoubleRig, loadOf, register, until } from '../testing/double-rig.js';
import type { GatewayDouble } from '../testing/gateway-double.js';
import { closeNow, listenOn } from '../testing/go-http-server.js';
import type { OrchestratorDouble } from '../testing/orchestrator-double.js';
import type { Profile } from '../testing/profile.js';
import type { WorkerAnswer, WorkerStub } from '../testing/worker-stub.js';
import { GatewayClient, clientDeadlineMs } from './gateway-client.js';
import type { GatewayClientOptions } from './gateway-client.js';
import { decodeJobHeader } from './job-header.js';
import type { Job } from './job.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

const job: Job = {
  id: 'job-1',
  capability: 'agent-net',
  route: '/agent-net',
  body: { action: 'check' },
  timeoutSeconds: 2,
};

function clientOf(gatewayUrl: string, options: Partial<GatewayClientOptions> = {}): GatewayClient {
  const client = new GatewayClient({ gatewayUrl, ...options });
  rig.kept({ stop: () => client.close() });
  return client;
}

async function startServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const port = await listenOn(server, 0, '127.0.0.1');
  rig.kept({ stop: () => closeNow(server) });
  return `http://127.0.0.1:${String(port)}`;
}

const echo: WorkerAnswer = (request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'X-Metadata': '{"gpu":1}' });
  response.end(request.body);
};

describe.each<Profile>(['pr-3650', 'master'])('the gateway client against %s', (profile) => {
  async function loop(
    answer: WorkerAnswer = echo,
    secondMs = 1_000,
  ): Promise<{
    client: GatewayClient;
    gateway: GatewayDouble;
    orchestrator: OrchestratorDouble;
    worker: WorkerStub;
  }> {
    const worker = await rig.worker(answer);
    const orchestrator = await rig.orchestrator({ profile, secondMs });
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile, secondMs });
    await register(orchestrator, { url: worker.url });
    return { client: clientOf(gateway.url), gateway, orchestrator, worker };
  }

  it('brings the worker’s answer home, with who did it', async () => {
    const { client, orchestrator, worker } = await loop();
    const outcome = await client.send(job);
    expect(outcome).toEqual({
      kind: 'success',
      orchestratorUrl: orchestrator.url,
      balance: '0',
      metadata: '{"gpu":1}',
      body: { action: 'check', job_id: 'job-1' },
      latencyMs: expect.any(Number),
    });
    expect(worker.received).toMatchObject([{ method: 'POST', url: '/agent-net' }]);
  });

  it('asks exactly the orchestrator that it was told to', async () => {
    const first = await loop();
    const second = await loop();
    const gateway = await rig.gateway({
      orchestrators: [first.orchestrator.url, second.orchestrator.url],
      profile,
    });
    const client = clientOf(gateway.url);
    for (let turn = 0; turn < 5; turn += 1) {
      const outcome = await client.send({ ...job, orchestratorUrl: second.orchestrator.url });
      expect(outcome).toMatchObject({ kind: 'success', orchestratorUrl: second.orchestrator.url });
    }
    expect([first.worker.received.length, second.worker.received.length]).toEqual([0, 5]);
  });

  it('takes a capability that nobody offers as transient', async () => {
    const { client } = await loop();
    expect(await client.send({ ...job, capability: 'other' })).toMatchObject({
      kind: 'transient',
      status: profile === 'master' ? 400 : 503,
      detail: 'No orchestrators found for capability other',
    });
  });

  it.each([500, 503])('takes a worker’s %d as unknown: it may have run', async (status) => {
    const { client } = await loop((_request, response) => {
      response.statusCode = status;
      response.end('{"job_id":"job-1"}');
    });
    expect(await client.send(job)).toMatchObject({ kind: 'unknown', status: 200 });
  });

  it('takes a worker that is down as unknown, and as transient once its capability is gone', async () => {
    const { client, worker } = await loop();
    await worker.stop();
    expect(await client.send(job)).toMatchObject({ kind: 'unknown', status: 200 });
    expect(await client.send(job)).toMatchObject({ kind: 'transient' });
  });

  it('hands a worker’s 409 with its problem document to the caller', async () => {
    const problem = { status: 409, title: 'beyond the watermark', watermark: '2026-01-01T00:00:00.000Z' };
    const { client } = await loop((_request, response) => {
      response.writeHead(409, { 'Content-Type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
    });
    const outcome = await client.send(job);
    expect(outcome).toMatchObject({ kind: 'permanent', status: 409 });
    expect(outcome.kind !== 'success' && JSON.parse(outcome.body ?? '')).toEqual(problem);
  });

  it('waits longer than gateway and orchestrator, so that no capacity leaks through its own deadline', async () => {
    // A second of theirs is 100 ms, one of ours is one: the worker's answer comes long after their limit.
    const { client, orchestrator } = await loop(() => undefined, 100);
    const outcome = await client.send({ ...job, timeoutSeconds: 1 });
    expect(outcome).toMatchObject({ kind: 'unknown', status: 200 });
    expect(loadOf(orchestrator)).toBe(1);
  });

  it('takes an orchestrator’s lost connection as unknown', async () => {
    const { client, gateway, orchestrator, worker } = await loop(() => undefined);
    const outcome = client.send(job);
    await until(() => worker.received.length === 1);
    await gateway.stop();
    expect(await outcome).toMatchObject({ kind: 'unknown', status: null });
    expect(orchestrator.capabilities()).toHaveLength(1);
  });

  it('refuses an answer for another job', async () => {
    const { client } = await loop((_request, response) =>
      response.end('{"job_id":"job-0","status":"success"}'),
    );
    expect(await client.send(job)).toMatchObject({ kind: 'unknown', status: 200 });
  });
});

describe('the gateway client', () => {
  it('sends one header that a strict reader takes, and the job id in the body', async () => {
    let header = '';
    let path = '';
    const url = await startServer((request, response) => {
      header = String(request.headers.livepeer);
      path = request.url ?? '';
      response.end();
    });
    await clientOf(url).send({ ...job, orchestratorUrl: 'https://orch:9995' });
    expect(path).toBe('/process/request/agent-net');
    expect(decodeJobHeader(header)).toEqual({
      id: 'job-1',
      request: '{}',
      parameters: '{"orchestrators":{"include":["https://orch:9995"]}}',
      capability: 'agent-net',
      timeoutSeconds: 2,
    });
  });

  it('keeps its connections', async () => {
    const ports = new Set<number | undefined>();
    const worker = await rig.worker((_request, response) => {
      ports.add(response.socket?.remotePort);
      response.end();
    });
    const client = clientOf(worker.url);
    for (let turn = 0; turn < 20; turn += 1) await client.send(job);
    // undici opens a second one when asked again in the moment in which the first becomes free.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('follows no redirect', async () => {
    let requests = 0;
    const url = await startServer((_request, response) => {
      requests += 1;
      response.writeHead(301, { Location: '/process/request/' }).end();
    });
    expect(await clientOf(url).send(job)).toMatchObject({ kind: 'permanent', status: 301 });
    expect(requests).toBe(1);
  });

  it('gives an endless answer up', async () => {
    const url = await startServer((_request, response) => {
      response.writeHead(200, { 'X-Orchestrator-Url': 'https://orch:9995' });
      const flood = (): void => {
        while (response.write('\n'.repeat(4_096)));
      };
      response.on('drain', flood);
      flood();
    });
    expect(await clientOf(url, { maxBodyBytes: 10_000 }).send(job)).toMatchObject({ kind: 'unknown' });
  });

  it('takes a gateway that is down as transient', async () => {
    expect(await clientOf('http://127.0.0.1:1').send(job)).toMatchObject({
      kind: 'transient',
      status: null,
      detail: expect.stringContaining('cannot be reached'),
    });
  });

  it('takes a dropped connection as unknown', async () => {
    const url = await startServer((request) => request.socket.destroy());
    expect(await clientOf(url).send(job)).toMatchObject({ kind: 'unknown', status: null });
  });

  it('stops waiting when its caller does', async () => {
    const leaving = new AbortController();
    const url = await startServer(() => {
      leaving.abort();
    });
    expect(await clientOf(url).send(job, leaving.signal)).toMatchObject({ kind: 'unknown', status: null });
  });

  it('has a deadline above that of the gateway', () => {
    expect(clientDeadlineMs(30, 1)).toBeGreaterThan(1_000 + 30_000 + 5_000);
    expect(clientDeadlineMs(30, 2)).toBeGreaterThan(1_000 + 2 * (30_000 + 5_000));
  });

  it.each(['', '/', 'a//b', '/a/../b', '/agent-net?x=1', '/agent net', '/ä'])(
    'refuses the route "%s", which a gateway would redirect or cut',
    async (route) => {
      await expect(clientOf('http://127.0.0.1:1').send({ ...job, route })).rejects.toThrow(TypeError);
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('refuses a timeout of %d seconds', async (timeoutSeconds) => {
    await expect(clientOf('http://127.0.0.1:1').send({ ...job, timeoutSeconds })).rejects.toThrow(
      /timeout_seconds/,
    );
  });
});
