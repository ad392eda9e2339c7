import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';

import { type SimulatedEngine, startSimulatedEngine } from './simulated-engine.js';

let engine: SimulatedEngine;
let docker: Docker;

beforeEach(async () => {
  engine = await startSimulatedEngine({ services: [{ name: 'redis_scb' }, { name: 'autogen_agent' }] });
  docker = new Docker({ socketPath: engine.socketPath });
});

afterEach(async () => {
  await engine.stop();
});

async function replay(options: Docker.GetEventsOptions): Promise<string[]> {
  const stream = await docker.getEvents({ until: Date.now() / 1000 - 0.001, ...options });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(stream, 'end');
  return text.split('\n').filter((line) => line !== '');
}

const actionOf = (line: string) => /"Action":"([^"]+)"/.exec(line)?.[1];

describe('simulated Engine', () => {
  it('is driven by dockerode as a real one', async () => {
    expect(String(await docker.ping())).toBe('OK');
    const redis = docker.getContainer('redis_scb');
    await redis.stop();
    expect((await redis.inspect()).State).toMatchObject({ Status: 'exited', Running: false });
    await expect(redis.stop()).rejects.toMatchObject({ statusCode: 304 });
    expect((await docker.listContainers()).map(({ Names }) => Names)).toEqual([['/autogen_agent']]);
    expect(await docker.listContainers({ all: true })).toHaveLength(2);
    await redis.start();
    await redis.pause();
    await expect(redis.remove()).rejects.toMatchObject({ statusCode: 409 });
    await redis.unpause();
    await redis.restart();
    await redis.remove({ force: true });
    await expect(redis.inspect()).rejects.toMatchObject({ statusCode: 404 });
    const made = await docker.createContainer({ name: 'made', Image: 'busybox:1' });
    await made.start();
    expect((await made.inspect()).Config.Image).toBe('busybox:1');
  });

  it('tells the events of a real Engine in their order, with times that never repeat', async () => {
    await docker.getContainer('redis_scb').restart();
    const lines = await replay({
      since: 1,
      filters: { container: ['redis_scb'] },
      until: Date.now() / 1000 + 0.05,
    });
    expect(lines.map(actionOf)).toEqual([
      ...['create', 'start'],
      ...['kill', 'kill', 'die', 'stop', 'start', 'restart'],
    ]);
    const times = lines.map((line) => BigInt(/"timeNano":(\d{19})/.exec(line)?.[1] ?? 0));
    expect(new Set(times).size).toBe(lines.length);
    expect([...times].sort((left, right) => (left < right ? -1 : 1))).toEqual(times);
  });

  it('remembers 256 events and no more', async () => {
    for (let count = 0; count < 150; count++) {
      engine.pauseService('redis_scb');
      engine.unpauseService('redis_scb');
    }
    expect(await replay({ since: 1, until: Date.now() / 1000 + 0.05 })).toHaveLength(256);
  });

  it('can go away and come back', async () => {
    await engine.goAway();
    await expect(docker.ping()).rejects.toMatchObject({ code: 'ENOENT' });
    await engine.comeBack();
    expect(String(await docker.ping())).toBe('OK');
  });
});
