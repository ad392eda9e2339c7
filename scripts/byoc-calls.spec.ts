import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import type { WorkerStub } from '#livepeer/testing';
import { CapabilityRegistration } from '#livepeer';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sendCalls } from './send/send-calls.js';
import type { Surroundings } from './surroundings/surroundings.js';
import { signer, startAnsweringWorker } from './testing/answering-worker.js';
import { runProgram } from './testing/run-program.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
function kept<T extends { stop(): Promise<void> }>(part: T): T {
  stops.push(() => part.stop());
  return part;
}

/** Gateway, orchestrator and worker, with the capability registered by our own registration. */
async function startLoop(): Promise<{
  flags: string[];
  surroundings: Surroundings;
  worker: WorkerStub;
  orchestratorUrl: string;
  stopOrchestrator: () => Promise<void>;
  dropCapability: () => void;
}> {
  const worker = kept(await startAnsweringWorker());
  const orchestrator = kept(await startOrchestratorDouble({ secret: 's' }));
  const limits = { searchMs: 20_000, tokenHeadersMs: 10_000 };
  const gateway = kept(await startGatewayDouble({ orchestrators: [orchestrator.url], limits }));
  const offer = { name: 'agent-net', url: worker.url, description: '', capacity: 100 };
  const registration = kept(
    new CapabilityRegistration({
      orchestratorUrl: orchestrator.url,
      secret: 's',
      offer: { ...offer, pricePerUnit: 0, priceScaling: 1 },
      logger: { info: () => undefined, warn: () => undefined },
    }),
  );
  registration.start();
  while (orchestrator.capabilities().length === 0) await new Promise((resolve) => setImmediate(resolve));
  return {
    surroundings: {
      gatewayUrl: gateway.url,
      workerUrl: worker.url,
      orchestratorUrl: orchestrator.url,
      distributorUrl: undefined,
      rpcUrl: undefined,
      adminPassword: undefined,
      tokenAddress: undefined,
      payerAddress: undefined,
      periodSeconds: undefined,
      capability: 'agent-net',
      stackFile: undefined,
    },
    flags: ['--gateway', gateway.url, '--worker', worker.url, '--orchestrator', orchestrator.url],
    worker,
    orchestratorUrl: orchestrator.url,
    stopOrchestrator: () => orchestrator.stop(),
    dropCapability: () => {
      orchestrator.dropCapability('agent-net');
    },
  };
}

const options = { agentId: 'a', action: 'uptime', timeoutSeconds: 10, gatewayOnly: false };

describe('byoc:send', () => {
  it('prints status, time, uptime and the headers of both ways, and ends with 0', async () => {
    const { flags, orchestratorUrl } = await startLoop();
    const { code, out } = await runProgram('send', flags);
    expect(out).toMatch(/✔ through the gateway: status 200 in [\d.]+ ms/);
    expect(out).toMatch(/✔ straight to the worker: status 200 in [\d.]+ ms/);
    expect(out).toContain(
      '99.98 % in the report’s window (the worker’s view: 1 of 1 services above its minimum, eligible)',
    );
    expect(out).toContain(`orchestrator  ${orchestratorUrl}`);
    expect(out).toContain('balance       0 wei');
    expect(out).toContain('metadata      {"n":1}');
    expect(out).not.toContain('\u001b');
    expect(code).toBe(0);
  });

  it('names who did it and who signed', async () => {
    const { surroundings, orchestratorUrl } = await startLoop();
    const worker_address = signer.address;
    expect(await sendCalls(surroundings, options)).toMatchObject({
      ok: true,
      advice: null,
      calls: [
        { via: 'gateway', status: 200, orchestrator_url: orchestratorUrl, balance: '0', worker_address },
        { via: 'worker', status: 200, orchestrator_url: null, worker_address },
      ],
    });
  });

  it('says that the gateway is down, and still asks the worker', async () => {
    const { surroundings } = await startLoop();
    const { ok, calls, advice } = await sendCalls(
      { ...surroundings, gatewayUrl: 'http://127.0.0.1:1' },
      options,
    );
    expect(ok).toBe(false);
    expect(calls).toMatchObject([
      { via: 'gateway', ok: false, status: null, detail: expect.stringContaining('cannot be reached') },
      { via: 'worker', ok: true },
    ]);
    expect(advice).not.toBeNull();
  });

  it('says that the orchestrator is down when nothing listens at its address, and that the worker will come back', async () => {
    const { surroundings, stopOrchestrator, orchestratorUrl } = await startLoop();
    await stopOrchestrator();
    const { calls, advice } = await sendCalls(surroundings, options);
    expect(calls[0]!.detail).toBe('No orchestrators found for capability agent-net');
    expect(advice).toBe(
      `Nothing listens at ${orchestratorUrl}: start the orchestrator. The worker registers with it by itself within 45 s.`,
    );
  });

  it('says that the secret is wrong, whose it is, and what to do', async () => {
    const { surroundings, dropCapability } = await startLoop();
    dropCapability();
    const { advice } = await sendCalls(surroundings, options);
    expect(advice).toBe(
      'The worker’s registration is failing: the orchestrator refused the secret\n' +
        'Give the worker the orchestrator’s -orchSecret as ORCH_SECRET, and restart the worker.',
    );
  });

  it('says that the worker is down behind an empty 200, and ends with 1', async () => {
    const { flags, worker } = await startLoop();
    await worker.stop();
    const { code, out } = await runProgram('send', flags);
    expect(out).toMatch(/✘ through the gateway: status 200/);
    expect(out).toContain(
      `The worker does not answer at ${worker.url}: is it running? Once it does, it registers by itself.`,
    );
    expect(code).toBe(1);
  });

  it('explains itself, as the others do', async () => {
    const explain = async (name: 'send' | 'continuous' | 'verify'): Promise<void> => {
      const { code, out } = await runProgram(name, ['--help']);
      expect(out).toContain(`npm run byoc:${name}`);
      expect(out).toContain('GATEWAY_URL');
      expect(code).toBe(0);
    };
    await Promise.all([explain('send'), explain('continuous'), explain('verify')]);
  });

  it('ends with 2 for a mistake in how it was called', async () => {
    const { code, complaints } = await runProgram('send', ['--gateway', 'no-url']);
    expect(complaints).toContain('--gateway must be an http:// or https:// URL');
    expect(complaints).not.toContain('    at ');
    expect(code).toBe(2);
  });
});

describe('byoc:continuous', () => {
  it('sends at its rate, sums up, writes a line for each job, and ends with 0', async () => {
    const { flags, worker } = await startLoop();
    const folder = await mkdtemp(join(tmpdir(), 'continuous-'));
    stops.push(() => rm(folder, { recursive: true }));
    const csv = join(folder, 'jobs.csv');
    const { code, out, complaints } = await runProgram('continuous', [
      ...flags,
      ...['--rate', '20/s', '--duration', '500ms', '--csv', csv],
    ]);
    expect(out).toContain('✔ 100.00 % of 10 jobs succeeded');
    expect(out).toMatch(/p50 [\d.]+ {2}p90 [\d.]+ {2}p95 [\d.]+ {2}p99 [\d.]+ {2}max [\d.]+/);
    expect(complaints).toBe('');
    expect(code).toBe(0);
    expect(worker.received.filter(({ url }) => url === '/agent-net')).toHaveLength(10);
    const lines = (await readFile(csv, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[1]).toMatch(/^\d{4}-.*Z,[0-9a-f-]{36},success,200,[\d.]+$/);
  });

  it('ends with 1 below the asked-for success rate, with the reasons', async () => {
    const { flags } = await startLoop();
    const args = [...flags, '--capability', 'other', '--rate', '20/s', '--duration', '100ms', '--json'];
    const { code, out } = await runProgram('continuous', args);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      sent: 2,
      succeeded: 0,
      transient: 2,
      reasons: [{ detail: 'No orchestrators found for capability other', count: 2 }],
    });
    expect(code).toBe(1);
  });

  it.each([
    ['gateway', 'Is the gateway running'],
    ['orchestrator', 'start the orchestrator'],
    ['worker', 'The worker does not answer'],
  ] as const)('says what is wrong when the %s is down, and ends with 1', async (part, sentence) => {
    const { flags, worker, stopOrchestrator } = await startLoop();
    if (part === 'worker') await worker.stop();
    if (part === 'orchestrator') await stopOrchestrator();
    const other = part === 'gateway' ? ['--gateway', 'http://127.0.0.1:1'] : [];
    const { code, out } = await runProgram('continuous', [
      ...flags,
      ...other,
      '--rate',
      '20/s',
      '--duration',
      '50ms',
    ]);
    expect(out).toContain(sentence);
    expect(code).toBe(1);
  });

  it('sums up when it is interrupted', async () => {
    const { flags, worker } = await startLoop();
    const firstJob = (async () => {
      while (worker.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    })();
    const { code, out } = await runProgram('continuous', [...flags, '--rate', '1/h', '--duration', '10h'], {
      interruptAfter: firstJob,
    });
    expect(out).toContain('✔ 100.00 % of 1 jobs succeeded');
    expect(code).toBe(0);
  });
});
