import { startSimulatedEngine } from '#monitoring/testing';
import { defaultServices } from '#monitoring';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Benchmark, BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { Child } from '../run/child.js';
import { medianAndLargest, medianAndSmallest } from '../run/statistics.js';
import { type JobLoad, jobLoadResultSchema } from './load-protocol.js';
import { whereSchema, workerTimesSchema } from './node-protocol.js';
import { WorkerProgram } from '../run/worker-program.js';
import { bucketsBetween, quantile, readBuckets } from './worker-share.js';

const full = { seconds: 20, warmUpSeconds: 5, repetitions: 3, steadyPerSecond: 20, crowd: 16 };
const quick = { seconds: 1, warmUpSeconds: 0.5, repetitions: 1, steadyPerSecond: 20, crowd: 16 };

const secret = 'orch-secret';
const registrationLimitMs = 20_000;
const program = (name: string): URL => new URL(name, import.meta.url);

/** Client, gateway, orchestrator and worker, each in a process of its own. */
async function startChain({ cleanUp }: BenchmarkContext) {
  const engine = await startSimulatedEngine({ services: defaultServices.map((name) => ({ name })) });
  cleanUp.add(() => engine.stop());
  const orchestrator = Child.start(program('node-process.js'), { is: 'orchestrator', secret }, cleanUp);
  const { url: orchestratorUrl } = await orchestrator.ask('where', whereSchema);
  const gateway = Child.start(
    program('node-process.js'),
    { is: 'gateway', orchestrators: [orchestratorUrl] },
    cleanUp,
  );
  const { url: gatewayUrl } = await gateway.ask('where', whereSchema);
  const environment = (url: string): Record<string, string> => ({
    LOG_LEVEL: 'error',
    DOCKER_HOST: engine.dockerHost,
    ORCH_URL: orchestratorUrl,
    ORCH_SECRET: secret,
    CAPABILITY_URL: url,
    CAPABILITY_CAPACITY: '64',
  });
  const worker = await WorkerProgram.start({ environment, cleanUp });
  const workerTimes = async () => orchestrator.ask('worker times', workerTimesSchema);
  const givesUpAt = performance.now() + registrationLimitMs;
  while (!(await workerTimes()).isRegistered) {
    if (performance.now() > givesUpAt) throw new Error('the worker did not register');
    await sleep(50);
  }
  const client = Child.start(program('client-process.js'), null, cleanUp);
  return { client, gatewayUrl, orchestratorUrl, workerTimes, worker };
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;

async function run(context: BenchmarkContext) {
  const sizes = context.quick ? quick : full;
  const { seconds, warmUpSeconds, repetitions, steadyPerSecond, crowd } = sizes;
  context.progress('byoc: starting gateway, orchestrator and worker');
  const { client, gatewayUrl, orchestratorUrl, workerTimes, worker } = await startChain(context);

  const measure = async (load: JobLoad['load'], forSeconds: number) => {
    await workerTimes();
    const before = await readBuckets(worker.url);
    const job = { gatewayUrl, orchestratorUrl, seconds: forSeconds, load };
    const result = await client.ask(job, jobLoadResultSchema);
    const [failure] = result.failures;
    if (failure !== undefined) throw new Error(`${result.failures.length} jobs were not done: ${failure}`);
    const { latenciesMs, tookMs } = result;
    const { timesMs } = await workerTimes();
    const share = bucketsBetween(before, await readBuckets(worker.url));
    return {
      p50: percentile(latenciesMs, 0.5),
      p99: percentile(latenciesMs, 0.99),
      perSecond: (latenciesMs.length * 1_000) / tookMs,
      workerP50: quantile(share, 0.5),
      workerP99: quantile(share, 0.99),
      callP99: percentile(timesMs, 0.99),
    };
  };
  const repeat = async (what: string, load: JobLoad['load']) => {
    context.progress(`byoc: ${what}`);
    await measure(load, warmUpSeconds);
    const rounds = [];
    for (let n = 0; n < repetitions; n += 1) rounds.push(await measure(load, seconds));
    return rounds;
  };

  const steady = await repeat(`${steadyPerSecond} jobs a second`, { steadyPerSecond });
  const crowded = await repeat(`${crowd} jobs at once`, { crowd });
  await worker.stop();
  const sections: Section[] = [
    {
      title: `${steadyPerSecond} jobs a second`,
      about:
        'client → gateway double → orchestrator double (TLS) → worker with 7 services, each a process of its own; every job brings a challenge and takes a signed report home. Latencies count from the timetable.',
      measurements: [
        latency(
          'End to end, p50',
          steady.map(({ p50 }) => p50),
          50,
          'the original: 300 ms',
        ),
        latency(
          'End to end, p99',
          steady.map(({ p99 }) => p99),
        ),
        latency(
          'The worker’s share, p50',
          steady.map(({ workerP50 }) => workerP50),
        ),
        latency(
          'The worker’s share, p99',
          steady.map(({ workerP99 }) => workerP99),
          5,
          asCounted,
        ),
        latency(
          'The call of the worker, p99',
          steady.map(({ callP99 }) => callP99),
          undefined,
          asSeen,
        ),
      ],
    },
    {
      title: `${crowd} jobs at once`,
      about:
        'The same with a crowd that asks again as soon as it is answered: what the doubles and the worker do at most.',
      measurements: [
        {
          what: 'Jobs done',
          unit: 'per second',
          ...medianAndSmallest(crowded.map(({ perSecond }) => perSecond)),
        },
        latency(
          'End to end, p50',
          crowded.map(({ p50 }) => p50),
        ),
        latency(
          'End to end, p99',
          crowded.map(({ p99 }) => p99),
        ),
        latency(
          'The worker’s share, p99',
          crowded.map(({ workerP99 }) => workerP99),
          undefined,
          asCounted,
        ),
      ],
    },
  ];
  return { sections, surroundings: {} };
}

const asCounted = 'by its own histogram: from the headers of a job to the end of its answer';
const asSeen = 'as the orchestrator sees it: call to end of answer, loopback and its own queue included';

const latency = (what: string, values: number[], atMost?: number, beside?: string): Measurement => ({
  what,
  unit: 'ms',
  ...medianAndLargest(values),
  ...(atMost !== undefined && { target: { atMost } }),
  ...(beside !== undefined && { beside }),
});

export const byoc: Benchmark = {
  about: 'BYOC jobs through gateway and orchestrator doubles: latency, jobs a second, the worker’s share',
  run,
};
