import { CapabilityRegistration } from '#livepeer';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import {
  post,
  problemOf,
  type RunningWorker,
  send,
  startWatchedWorker,
  until,
} from '../testing/running-worker.js';

let worker: RunningWorker;

beforeAll(async () => {
  ({ worker } = await startWatchedWorker({ CAPABILITY_CAPACITY: '2' }));
});

afterAll(() => worker.stop());

describe('more jobs at once than the capacity', () => {
  /** A job whose body never comes to an end: it holds its slot. */
  const slowJob = () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(worker.port, '127.0.0.1', () => {
        socket.write('POST /agent-net HTTP/1.1\r\nHost: worker\r\nContent-Length: 2\r\n\r\n{', () => {
          resolve(socket);
        });
      });
    });
  const counted = async (name: string) => {
    const line = (await send(`${worker.url}/metrics`)).text.split('\n').find((each) => each.startsWith(name));
    return Number(line?.split(' ').at(-1) ?? 0);
  };

  it('are refused with 429 until one of them ends; an aborted one asks for another registration', async () => {
    const jobAborted = jest.spyOn(worker.app.get(CapabilityRegistration), 'jobAborted');
    const slow = [await slowJob(), await slowJob()];
    const refused = await until(
      () => post(`${worker.url}/agent-net`, {}),
      ({ status }) => status === 429,
    );
    expect(problemOf(refused).status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect((await send(`${worker.url}/service-status`, { method: 'POST' })).status).toBe(200);

    const finished = new Promise<string>((resolve) => {
      slow[0]?.once('data', (data: Buffer) => {
        resolve(data.toString());
      });
    });
    slow[0]?.write('}');
    expect(await finished).toMatch(/^HTTP\/1.1 200/);
    expect((await post(`${worker.url}/agent-net`, {})).status).toBe(200);

    expect(jobAborted).not.toHaveBeenCalled();
    slow[1]?.destroy();
    await until(
      () => counted('worker_jobs_total{outcome="aborted"}'),
      (count) => count === 1,
    );
    expect(jobAborted).toHaveBeenCalledTimes(1);
    expect(await counted('worker_jobs_total{outcome="refused"}')).toBeGreaterThan(0);
    expect(await counted('worker_jobs_total{outcome="success"}')).toBeGreaterThan(0);
    slow[0]?.destroy();
  });
});

describe('a body that never ends', () => {
  let impatient: RunningWorker;
  beforeAll(async () => {
    ({ worker: impatient } = await startWatchedWorker({ JOB_UPLOAD_SECONDS: '1', CAPABILITY_CAPACITY: '1' }));
  });
  afterAll(() => impatient.stop());

  it('is answered with 408 instead of holding its slot, and the next job is done', async () => {
    const socket = connect(impatient.port, '127.0.0.1');
    socket.write('POST /agent-net HTTP/1.1\r\nHost: worker\r\nContent-Length: 2\r\n\r\n{');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('The body did not arrive within 1 s');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect((await post(`${impatient.url}/agent-net`, {})).status).toBe(200);
    expect((await send(`${impatient.url}/metrics`)).text).toContain('worker_jobs_total{outcome="late"} 1');
  });
});

describe('connections', () => {
  it('are kept longer than the 60 s for which an orchestrator keeps them, headers included', () => {
    const server: Server = worker.app.getHttpServer();
    expect(server.keepAliveTimeout).toBeGreaterThan(60_000);
    expect(server.headersTimeout).toBeGreaterThan(server.keepAliveTimeout);
  });
});
