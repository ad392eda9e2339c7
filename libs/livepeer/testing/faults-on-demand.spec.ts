import { afterEach, describe, expect, it } from '@jest/globals';

import { DoubleRig, goodJob, loadOf, register, submit, until } from './double-rig.js';
import { FaultyPath } from './faulty-path.js';
import { plainHttp } from './plain-http.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

const sentence = 'No orchestrators found for capability agent-net\n';

describe('what goes wrong on demand', () => {
  it('capacity leaks, until the capability is registered anew', async () => {
    const { gateway, orchestrator, worker } = await rig.loop({ profile: 'pr-3650', offer: { capacity: 2 } });
    orchestrator.leakSlots('agent-net', 2);
    expect((await submit(gateway)).text).toBe(sentence);
    expect(orchestrator.runningJobs()).toBe(0);
    await register(orchestrator, { url: worker.url, capacity: 2 });
    expect((await submit(gateway)).status).toBe(200);
    expect(loadOf(orchestrator)).toBe(0);
  });

  it('a capability is dropped', async () => {
    const { gateway, orchestrator } = await rig.loop({ profile: 'pr-3650' });
    orchestrator.dropCapability('agent-net');
    expect((await submit(gateway)).text).toBe(sentence);
  });

  it.each(['token', 'job', 'registration'] as const)(
    'a %s panics, and the process lives on',
    async (panicsOn) => {
      const { gateway, orchestrator, worker } = await rig.loop({ profile: 'pr-3650' });
      orchestrator.faults.panicsOn = panicsOn;
      const seen = {
        job: (await submit(gateway)).text,
        registration: await register(orchestrator, { url: worker.url }),
      };
      expect(seen.job).toBe({ token: sentence, job: '', registration: '{"ok":true}' }[panicsOn]);
      if (panicsOn === 'registration') expect(seen.registration).toBe('dropped');
      else expect(seen.registration).toMatchObject({ status: 200 });
      orchestrator.faults.panicsOn = 'nothing';
      expect((await submit(gateway)).text).toBe('{"ok":true}');
    },
  );

  it('a body stalls after the worker has answered; the slot is held until the caller leaves', async () => {
    const { gateway, orchestrator, worker } = await rig.loop({ profile: 'pr-3650' });
    orchestrator.faults.stallsJobBody = true;
    const leaving = new AbortController();
    const answer = submit(gateway, goodJob, { signal: leaving.signal });
    await until(() => worker.received.length === 1);
    expect([loadOf(orchestrator), orchestrator.runningJobs()]).toEqual([1, 1]);
    leaving.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => orchestrator.runningJobs() === 0);
    expect(loadOf(orchestrator)).toBe(0);
  });
});

describe('the path between an orchestrator and a worker', () => {
  async function pathTo(secondMs = 1_000) {
    const { gateway, orchestrator, worker } = await rig.loop({ profile: 'pr-3650', secondMs });
    const path = rig.kept(await FaultyPath.open());
    path.leadTo(worker.port);
    await register(orchestrator, { url: path.url });
    return { gateway, orchestrator, worker, path };
  }

  it('carries jobs to the worker that it leads to, and to nobody while it leads nowhere', async () => {
    const { gateway, worker } = await pathTo();
    expect((await submit(gateway)).text).toBe('{"ok":true}');
    expect(worker.received).toHaveLength(1);
    const nowhere = rig.kept(await FaultyPath.open());
    expect(await plainHttp(nowhere.url)).toBe('dropped');
  });

  it('resets connections, so that the orchestrator drops the capability', async () => {
    const { gateway, orchestrator, path } = await pathTo();
    path.fault = 'resets';
    expect((await submit(gateway)).text).toBe('');
    expect(orchestrator.capabilities()).toEqual([]);
  });

  it.each([
    ['loses-requests', 0],
    ['loses-answers', 1],
  ] as const)('%s: the job times out and leaks its slot, done %d times', async (fault, done) => {
    const { gateway, orchestrator, path, worker } = await pathTo(100);
    path.fault = fault;
    expect((await submit(gateway, { ...goodJob, timeout_seconds: 2 })).text).toBe('');
    expect(loadOf(orchestrator)).toBe(1);
    expect(worker.received).toHaveLength(done);
    path.fault = 'clear';
    expect((await submit(gateway)).text).toBe('{"ok":true}');
  });
});
