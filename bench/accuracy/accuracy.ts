import { parseDockerHost } from '#monitoring';
import {
  allUp,
  canRunContainers,
  type Deed,
  EventlessEngine,
  Lifeline,
  measureAccuracy,
  type MeasuredTransition,
  MonitorRig,
  RealContainers,
} from '#monitoring/testing';
import Docker from 'dockerode';

import type { Benchmark, BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { median } from '../run/statistics.js';

const full = { rounds: 20, eventlessRounds: 6, intervalMs: 1_000 };
const quick = { rounds: 1, eventlessRounds: 1, intervalMs: 500 };

const told: readonly Deed[] = ['kill', 'start', 'stop', 'start', 'restart', 'pause', 'unpause'];
const untold: readonly Deed[] = ['kill', 'start', 'restart', 'stop', 'start'];

const repeated = (deeds: readonly Deed[], times: number) => Array.from({ length: times }, () => deeds).flat();

/** How far the account went beyond the truth, and how far it fell short of it. */
function figures(
  found: readonly MeasuredTransition[],
  { excessMs, shortMs, medianMs }: { excessMs: number; shortMs: number; medianMs?: number },
): Measurement[] {
  const errors = found.map(({ errorMs }) => errorMs);
  const beyond = found.map(({ beyondMs }) => Math.abs(beyondMs));
  return [
    {
      what: 'Too much, at most',
      unit: 'ms',
      value: Math.max(0, ...errors),
      target: { atMost: excessMs },
      beside: `${errors.length} changes`,
    },
    {
      what: 'Too little, at most',
      unit: 'ms',
      value: Math.max(0, ...errors.map((ms) => -ms)),
      target: { atMost: shortMs },
    },
    {
      what: 'Error, median',
      unit: 'ms',
      value: median(errors.map(Math.abs)),
      ...(medianMs !== undefined && { target: { atMost: medianMs } }),
    },
    {
      what: 'Outside of what is possible, at most',
      unit: 'ms',
      value: Math.max(0, ...beyond),
      beside: 'a change lies between its call and its sign, which is late on a busy machine',
    },
  ];
}

/** A round begins one interval after the one before has ended, which waits so long for events. */
const eventPatienceMs = 150;

/** One container whose process says itself when it runs, and one monitor of it. */
async function measure(
  containers: RealContainers,
  dockerHost: string,
  options: { deeds: readonly Deed[]; inspectEveryMs: number; calmMs: (index: number) => number },
): Promise<MeasuredTransition[]> {
  const lifeline = await Lifeline.lay();
  const rig = await MonitorRig.create(dockerHost);
  const name = containers.name('alive');
  try {
    await containers.run(name, { script: lifeline.script, binds: [lifeline.bind] });
    await lifeline.next('began');
    const monitor = await rig.start([name], { inspectEveryMs: options.inspectEveryMs });
    await allUp(monitor);
    const { deeds, calmMs } = options;
    return await measureAccuracy({ containers, name, lifeline, monitor, deeds, calmMs });
  } finally {
    await rig.end();
    await containers.removeAll();
    await lifeline.end();
  }
}

async function run(context: BenchmarkContext) {
  const sizes = context.quick ? quick : full;
  const docker = new Docker({ ...parseDockerHost(undefined), timeout: 30_000 });
  if (!(await canRunContainers(docker))) return { sections: [], surroundings: { 'Docker Engine': 'none' } };
  const { Version: version } = await docker.version();
  const address = parseDockerHost(undefined);
  const socketPath = 'socketPath' in address ? address.socketPath : '';
  const containers = await RealContainers.on(docker);
  context.cleanUp.add(() => containers.end());
  context.progress('changes of which events tell');
  const covered = await measure(containers, `unix://${socketPath}`, {
    deeds: repeated(told, sizes.rounds),
    inspectEveryMs: 5_000,
    calmMs: (index) => 600 + ((index * 137) % 300),
  });
  context.progress('changes that only inspection sees');
  const eventless = await EventlessEngine.before(socketPath);
  context.cleanUp.add(() => eventless.end());
  const uncovered = await measure(containers, eventless.dockerHost, {
    deeds: repeated(untold, sizes.eventlessRounds),
    inspectEveryMs: sizes.intervalMs,
    calmMs: (index) => 3 * sizes.intervalMs + ((index * 137) % 700),
  });
  const sections: Section[] = [
    {
      title: 'Changes of which events told',
      about:
        'Kill, stop, start, restart, pause and unpause of a real container, inspected every 5 s: up time by the monitor less up time by the container’s own process.',
      measurements: figures(covered, { excessMs: 50, shortMs: 250, medianMs: 5 }),
    },
    {
      title: 'Changes that only inspection could see',
      about: `The same without any event, inspected every ${sizes.intervalMs + eventPatienceMs} ms.`,
      measurements: figures(uncovered, { excessMs: 0, shortMs: sizes.intervalMs + eventPatienceMs }),
    },
  ];
  return { sections, surroundings: { 'Docker Engine': version } };
}

export const accuracy: Benchmark = {
  about: 'how exact the account is, against what a container’s own process says',
  run,
};
