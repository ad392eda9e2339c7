import { afterEach, describe, expect, it } from '@jest/globals';

import {
  DoubleRig,
  fetchToken,
  goodJob,
  loadOf,
  processDirectly,
  register,
  submit,
  until,
} from './double-rig.js';
import type { Loop } from './double-rig.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';
const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('the capacity of the orchestrator double at %s', (profile) => {
  const loop = (
    answer?: WorkerAnswer,
    options: { secondMs?: number; offer?: Record<string, unknown> } = {},
  ): Promise<Loop> => rig.loop({ profile, answer, ...options });

  it('21: counts a job without looking at the capacity; only the token step looks', async () => {
    const { orchestrator, worker } = await loop(() => undefined, { offer: { capacity: 1 } });
    const jobs = [processDirectly(orchestrator), processDirectly(orchestrator)];
    await until(() => worker.received.length === 2);
    expect(loadOf(orchestrator)).toBe(2);
    const token = await fetchToken(orchestrator);
    expect(token.status).toBe(profile === 'master' ? 200 : 503);
    await rig.stop();
    await Promise.allSettled(jobs);
  });

  it('22: leaks one slot per timeout until nothing is left', async () => {
    const { gateway, orchestrator } = await loop(() => undefined, { secondMs: 50, offer: { capacity: 2 } });
    const job = { ...goodJob, timeout_seconds: 1 };
    expect((await submit(gateway, job)).text).toBe('');
    expect((await submit(gateway, job)).text).toBe('');
    expect(loadOf(orchestrator)).toBe(2);
    expect((await submit(gateway, job)).text).toBe('No orchestrators found for capability agent-net\n');
  });

  it('22: leaks one slot when the client leaves before the worker answers', async () => {
    let isCutOff = false;
    const { gateway, orchestrator, worker } = await loop((_request, response) => {
      response.on('close', () => (isCutOff = true));
    });
    const leaving = new AbortController();
    const answer = submit(gateway, goodJob, { signal: leaving.signal });
    await until(() => worker.received.length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => isCutOff);
    expect(orchestrator.capabilities()).toMatchObject([{ name: 'agent-net', load: 1 }]);
  });

  it('22: leaks one slot for a request that is no JSON, at master only', async () => {
    const { orchestrator, worker } = await loop();
    const answer = await processDirectly(orchestrator, { ...goodJob, request: '' });
    const isMaster = profile === 'master';
    expect(answer).toMatchObject({ status: isMaster ? 400 : 200 });
    expect(loadOf(orchestrator)).toBe(isMaster ? 1 : 0);
    expect(worker.received).toHaveLength(isMaster ? 0 : 1);
  });

  it('22: gives the slot back after an answer, good or bad', async () => {
    let code = 200;
    const { gateway, orchestrator } = await loop((_request, response) => {
      response.statusCode = code;
      response.end('{}');
    });
    for (code of [200, 400, 500]) {
      await submit(gateway);
      expect(loadOf(orchestrator)).toBe(0);
    }
  });

  it('20: gives a worker the job’s timeout until its headers, and no longer', async () => {
    const answerAfter =
      (ms: number): WorkerAnswer =>
      (_request, response) => {
        setTimeout(() => response.end('{}'), ms);
      };
    const slow = await loop(answerAfter(400), { secondMs: 100 });
    expect(await processDirectly(slow.orchestrator, { ...goodJob, timeout_seconds: 1 })).toMatchObject({
      status: 500,
    });
    const quick = await loop(answerAfter(100), { secondMs: 1_000 });
    expect(await processDirectly(quick.orchestrator, { ...goodJob, timeout_seconds: 5 })).toMatchObject({
      status: 200,
    });
  });

  it('23: removes the capability when the worker refuses or resets the connection', async () => {
    const { orchestrator, worker } = await loop((_request, response) => response.destroy());
    expect(await processDirectly(orchestrator)).toMatchObject({
      status: 500,
      text: `job not able to be processed, removing capability err=Post "${worker.url}/agent-net": EOF\n`,
      headers: { 'livepeer-balance': '0' },
    });
    expect(orchestrator.capabilities()).toEqual([]);

    await register(orchestrator, { url: 'http://127.0.0.1:1' });
    expect(await processDirectly(orchestrator)).toMatchObject({
      status: 500,
      text: 'job not able to be processed, removing capability err=Post "http://127.0.0.1:1/agent-net": dial tcp 127.0.0.1:1: connect: connection refused\n',
    });
    expect(orchestrator.capabilities()).toEqual([]);
  });

  it('23: keeps the capability on a timeout, whatever its answer says', async () => {
    const { orchestrator } = await loop(() => undefined, { secondMs: 50 });
    const answer = await processDirectly(orchestrator, { ...goodJob, timeout_seconds: 1 });
    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('removing capability') });
    expect(orchestrator.capabilities()).toHaveLength(1);
  });

  it('23: keeps idle connections to the worker longer than a server’s hint says', async () => {
    const ports = new Set<number | undefined>();
    const { gateway } = await loop((_request, response) => {
      ports.add(response.socket?.remotePort);
      response.setHeader('Keep-Alive', 'timeout=0');
      response.end('{}');
    });
    await submit(gateway);
    await submit(gateway);
    expect(ports.size).toBe(1);
  });

  it('24: a 401 of the worker goes to the client at pr-3650, and removes the capability at master', async () => {
    const { gateway, orchestrator } = await loop((_request, response) => {
      response.statusCode = 401;
      response.end('who are you');
    });
    const answer = await submit(gateway);
    if (profile === 'pr-3650') {
      expect(answer).toMatchObject({ status: 401, text: 'who are you\n\n' });
      expect(orchestrator.capabilities()).toHaveLength(1);
      return;
    }
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(orchestrator.capabilities()).toEqual([]);
    expect(await processDirectly(orchestrator)).toMatchObject({ status: 503 });
  });

  it('25: a new registration forgets running jobs, whose end then counts below zero', async () => {
    const held: (() => void)[] = [];
    const { orchestrator, worker } = await loop((_request, response) => {
      held.push(() => response.end('{}'));
    });
    const jobs = [processDirectly(orchestrator), processDirectly(orchestrator)];
    await until(() => held.length === 2);
    expect(loadOf(orchestrator)).toBe(2);
    await register(orchestrator, { url: worker.url });
    expect(loadOf(orchestrator)).toBe(0);
    for (const release of held) release();
    await Promise.all(jobs);
    expect(loadOf(orchestrator)).toBe(-2);
  });
});
