import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultServices } from '#monitoring';
import { writeHistory } from '#monitoring/testing';

import type { Benchmark, BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { Child } from '../run/child.js';
import type { CleanUp } from '../run/clean-up.js';
import { median } from '../run/statistics.js';
import { measureDetection } from './detection.js';
import { engineToldSchema } from './engine-protocol.js';
import { detectionOnEngine } from './real-engine.js';
import { measureRequests } from './requests.js';
import { StateWatch } from './state-watch.js';
import { measureWindows } from './windows.js';
import { WorkerProgram } from '../run/worker-program.js';

const hourMs = 3_600_000;

const full = {
  days: 30,
  times: 100,
  restarts: 8,
  seconds: 10,
  repetitions: 3,
  starts: 5,
  segments: 10_000_000,
  questions: 1_000,
};
const quick = {
  days: 1,
  times: 3,
  restarts: 2,
  seconds: 0.5,
  repetitions: 1,
  starts: 1,
  segments: 100_000,
  questions: 50,
};

/** Somebody who takes connections and never answers, as an orchestrator may. */
async function startSilence(cleanUp: CleanUp): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  cleanUp.add(() => void server.close());
  const address = server.address();
  return `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

/** A data directory with thirty days of an ordinary stack: each service was away four times a day. */
async function history(cleanUp: CleanUp, days: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-worker-'));
  cleanUp.add(() => rm(directory, { recursive: true, force: true }));
  const hours = days * 24;
  const startMs = Math.floor(Date.now() / hourMs) * hourMs - hours * hourMs;
  writeHistory({ directory, services: defaultServices, startMs, hours, segmentsPerHour: 2 });
  return directory;
}

async function run(context: BenchmarkContext) {
  const { cleanUp } = context;
  const sizes = context.quick ? quick : full;
  context.progress('a journal of thirty days');
  const directory = await history(cleanUp, sizes.days);
  const engine = Child.start(
    new URL('engine-process.js', import.meta.url),
    { services: defaultServices },
    cleanUp,
  );
  const tell = (deed: object) => engine.ask(deed, engineToldSchema);
  const { dockerHost } = await tell({ deed: 'tell' });
  const environment = {
    DOCKER_HOST: dockerHost,
    WORKER_DATA_DIR: directory,
    CAPABILITY_CAPACITY: '64',
    ORCH_URL: await startSilence(cleanUp),
    ORCH_SECRET: 'nobody answers',
  };
  const start = () =>
    WorkerProgram.start({ environment: () => environment, cleanUp, until: '/health/ready' });

  const starts: number[] = [];
  const stops: number[] = [];
  for (let n = 0; n < sizes.starts; n++) {
    context.progress(`start ${n + 1} of ${sizes.starts}`);
    const started = await start();
    starts.push(started.readyMs);
    const stopMs = await started.stop();
    if (stopMs === undefined) throw new Error('the worker did not end by itself');
    stops.push(stopMs);
  }

  const worker = await start();
  context.progress('how soon a change is told');
  const watch = await StateWatch.open(worker.url);
  const act = (deed: string) => async (service: string) => (await tell({ deed, service })).atMs;
  const detection = await measureDetection({
    title: 'Detection, simulated Engine',
    about: 'From the moment the Engine does it to the arrival of the event at a client of /events.',
    workerUrl: worker.url,
    watch,
    containers: { kill: act('kill'), start: act('start'), restart: act('restart') },
    service: 'redis_scb',
    targetMs: 10,
    progress: (text) => {
      context.progress(text);
    },
    times: sizes.times,
    restarts: sizes.restarts,
  });
  watch.end();

  const { seconds, repetitions } = sizes;
  // The first requests make the engine compile what it needs; growth is what comes after.
  await measureRequests(context, { url: worker.url, seconds: seconds / 2, repetitions: 1 });
  const beforeMb = await worker.residentMb();
  const requests = await measureRequests(context, { url: worker.url, seconds, repetitions });
  const afterMb = await worker.residentMb();
  await worker.stop();
  const real = await detectionOnEngine(context, sizes);
  const windows = await measureWindows(context, sizes);

  const memory: Measurement[] =
    beforeMb === undefined || afterMb === undefined
      ? []
      : [
          { what: 'Resident after the load', unit: 'MB', value: afterMb, target: { atMost: 130 } },
          { what: 'Growth over the load', unit: 'MB', value: afterMb - beforeMb, target: { atMost: 5 } },
        ];
  const worst = Math.max(...starts);
  const sections: Section[] = [
    {
      title: 'Requests',
      about: `One worker with ${defaultServices.length} services and 30 days of history; 16 kept connections from another process on the same machine.`,
      measurements: requests,
    },
    {
      title: 'The process',
      about:
        'Ready means that the Engine is watched and the journal can be written; the orchestrator never answers.',
      measurements: [
        { what: 'From start to ready', unit: 'ms', value: median(starts), worst, target: { atMost: 1_500 } },
        { what: 'From SIGTERM to the end', unit: 'ms', value: median(stops), worst: Math.max(...stops) },
        ...memory,
      ],
    },
    detection,
    ...(real.section ? [real.section] : []),
    windows,
  ];
  return { sections, surroundings: { 'Docker Engine': real.engine } };
}

export const monitoring: Benchmark = {
  about: 'the worker: detection, requests, memory, start, windows of thirty days',
  run,
};
