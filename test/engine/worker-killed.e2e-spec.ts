import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { OwnEngine, RealContainers } from '#monitoring/testing';

import { canStartEngines } from './support/real-engine.js';
import { WorkerProcess } from './support/worker-process.js';

// On an Engine that nobody else fills with events: 256 of them are all that it remembers.
const onEngine = canStartEngines ? describe : describe.skip;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

onEngine('a worker that is killed with SIGKILL', () => {
  let engine: OwnEngine;
  let containers: RealContainers;
  let directory: string;
  let redis: string;
  let agent: string;
  let worker: WorkerProcess;

  const start = async () => {
    const services = `${redis},${agent}`;
    worker = await WorkerProcess.start(
      {
        DOCKER_HOST: engine.dockerHost,
        WORKER_DATA_DIR: directory,
        MONITORED_SERVICES: services,
        ORCH_URL: '',
      },
      await freePort(),
    );
    await worker.allUp();
  };

  beforeAll(async () => {
    engine = await OwnEngine.start({ liveRestore: false });
    containers = await RealContainers.on(engine.docker);
    [redis, agent] = [containers.name('redis'), containers.name('agent')];
    await Promise.all([redis, agent].map((name) => containers.run(name)));
    directory = await mkdtemp(join(tmpdir(), 'killed-'));
    await start();
  }, 120_000);

  afterAll(async () => {
    await worker.kill();
    await engine.remove();
    await rm(directory, { recursive: true, force: true });
  }, 120_000);

  it('infers the time of its absence where nothing happened, and knows all it had recorded', async () => {
    const fromMs = Date.now();
    const before = await worker.uptime(redis, fromMs - 200, fromMs);
    await worker.kill();
    await start();
    const toMs = Date.now();
    expect(await worker.uptime(redis, fromMs - 200, fromMs)).toEqual(before);
    const found = await worker.uptime(redis, fromMs, toMs);
    expect(found.up_ms).toBe(toMs - fromMs);
    expect(found.inferred_up_ms).toBeGreaterThan(0);
  });

  it('calls its absence unknown for a service that was away meanwhile, and infers it for the other', async () => {
    const fromMs = Date.now();
    await worker.uptime(redis, fromMs - 200, fromMs);
    await worker.kill();
    await containers.get(redis).kill();
    const { finishedMs } = await containers.times(redis);
    await containers.get(redis).start();
    const { startedMs } = await containers.times(redis);
    await start();
    const toMs = Date.now();
    expect(await worker.uptime(redis, finishedMs, startedMs)).toMatchObject({ up_ms: 0 });
    expect(await worker.uptime(redis, fromMs, toMs)).toMatchObject({ inferred_up_ms: 0, down_ms: 0 });
    expect((await worker.uptime(agent, fromMs, toMs)).inferred_up_ms).toBeGreaterThan(0);
  });
});
