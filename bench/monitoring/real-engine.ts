import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { parseDockerHost } from '#monitoring';
import { tarOf } from '#monitoring/testing';
import Docker from 'dockerode';

import type { BenchmarkContext, Section } from '../benchmark.js';
import { medianAndLargest } from '../run/statistics.js';
import { BareEvents } from './bare-events.js';
import { measureDetection } from './detection.js';
import { StateWatch } from './state-watch.js';
import { WorkerProgram } from '../run/worker-program.js';

const busybox = '/bin/busybox';

/** The same on a real Engine, where one answers and there is something to run: nothing is pulled. */
export async function detectionOnEngine(
  context: BenchmarkContext,
  { times, restarts }: { times: number; restarts: number },
): Promise<{ section: Section | null; engine: string }> {
  const { cleanUp } = context;
  const docker = new Docker({ ...parseDockerHost(undefined), timeout: 30_000 });
  let version: string;
  let program: Buffer;
  try {
    version = (await docker.version()).Version;
    program = await readFile(busybox);
  } catch {
    return { section: null, engine: 'none' };
  }
  context.progress('the same on a real Engine');
  const name = `bench-${randomBytes(4).toString('hex')}`;
  const tar = tarOf([{ name: 'busybox', mode: 0o755, content: program }]);
  const answer = await docker.importImage(Readable.from([tar]), { repo: name, tag: '1' });
  await new Promise((resolve, reject) => {
    answer.on('end', resolve).on('error', reject).resume();
  });
  cleanUp.add(() => docker.getImage(`${name}:1`).remove({ force: true }));
  const container = await docker.createContainer({
    name,
    Image: `${name}:1`,
    Cmd: ['/busybox', 'sleep', '3600'],
    HostConfig: { NetworkMode: 'none' },
  });
  cleanUp.add(() => container.remove({ force: true }));
  await container.start();
  const directory = await mkdtemp(join(tmpdir(), 'bench-engine-'));
  cleanUp.add(() => rm(directory, { recursive: true, force: true }));
  const worker = await WorkerProgram.start({
    environment: () => ({ WORKER_DATA_DIR: directory, MONITORED_SERVICES: name }),
    cleanUp,
    until: '/health/ready',
  });
  const watch = await StateWatch.open(worker.url);

  const state = async () => (await container.inspect()).State;
  const bare = await BareEvents.open(docker, name);
  const bareMs: number[] = [];
  const section = await measureDetection({
    title: 'Detection, real Engine',
    about:
      "From the Engine's own time of the change (FinishedAt, StartedAt) to the arrival of the event at a client of /events.",
    workerUrl: worker.url,
    watch,
    containers: {
      kill: async () => {
        const died = bare.arrival('die');
        await container.kill();
        const finishedMs = Date.parse((await state()).FinishedAt);
        bareMs.push((await died) - finishedMs);
        return finishedMs;
      },
      start: async () => {
        await container.start();
        return Date.parse((await state()).StartedAt);
      },
      restart: async () => {
        await container.restart({ t: 0 });
        return Date.now();
      },
    },
    service: name,
    progress: (text) => {
      context.progress(text);
    },
    times: Math.min(times, 30),
    restarts,
  });
  watch.end();
  bare.end();
  await worker.stop();
  section.measurements.splice(1, 0, {
    what: 'Killed container → the event at a bare client of the Engine',
    unit: 'ms',
    ...medianAndLargest(bareMs),
    beside: 'the part of the line above that is the Engine itself',
  });
  return { section, engine: version };
}
