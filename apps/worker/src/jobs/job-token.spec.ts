import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { post, problemOf, type RunningWorker, send, startWatchedWorker } from '../testing/running-worker.js';

let worker: RunningWorker;

beforeAll(async () => {
  ({ worker } = await startWatchedWorker({ CAPABILITY_TOKEN: 'worker-token', CAPABILITY_CAPACITY: '1' }));
});

afterAll(() => worker.stop());

describe('a worker with a token', () => {
  const job = (authorization?: string) =>
    post(`${worker.url}/agent-net`, {}, authorization === undefined ? {} : { authorization });

  it('takes a job that brings it, as an orchestrator of master does', async () => {
    expect((await job('Bearer worker-token')).status).toBe(200);
  });

  it.each(['Bearer other', 'worker-token', 'bearer worker-token', 'Bearer worker-token2', ''])(
    'refuses "%s" without taking its only slot',
    async (authorization) => {
      const answers = await Promise.all([job(authorization), job(authorization), job(authorization)]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    },
  );

  it('says to a job without any that pr-3650 sends none', async () => {
    const answer = await job();
    expect(problemOf(answer)).toMatchObject({ status: 401, detail: expect.stringContaining('pr-3650') });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('answers everything else without it: the distributor asks for reports directly', async () => {
    for (const path of ['/service-status', '/service-uptime', '/health/ready']) {
      expect((await send(worker.url + path)).status).toBe(200);
    }
  });

  it('tells it nowhere', async () => {
    for (const path of ['/service-status', '/health', '/metrics', '/docs-json']) {
      expect((await send(worker.url + path)).text).not.toContain('worker-token');
    }
  });
});
