import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultServices } from '#monitoring';
import { writeHistory } from '#monitoring/testing';

import type { BenchmarkContext, Section } from '../benchmark.js';
import { Child } from '../run/child.js';
import { startOptions } from '../run/start-options.js';
import { askedWindowsSchema } from './windows-protocol.js';

const hourMs = 3_600_000;
/** Questions that are asked before any is counted. */
const warmUps = 300;
const windowMs = 30 * 24 * hourMs;

/** Thirty days at once, over as many segments as no healthy stack ever has. */
export async function measureWindows(
  context: BenchmarkContext,
  { segments, questions }: { segments: number; questions: number },
): Promise<Section> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-windows-'));
  context.cleanUp.add(() => rm(directory, { recursive: true, force: true }));
  const hours = 31 * 24;
  const startMs = Math.floor(Date.now() / hourMs) * hourMs - hours * hourMs;
  const segmentsPerHour = Math.ceil(segments / (30 * 24 * defaultServices.length));
  const options = { directory, services: defaultServices, startMs, hours, segmentsPerHour };
  writeHistory({
    ...options,
    onHour: (hour) => {
      if (hour % 48 === 0) {
        context.progress(`a journal of ${segments} segments: day ${hour / 24} of ${hours / 24}`);
      }
    },
  });
  context.progress('windows of thirty days');
  // With the memory that the worker has, and without what writing has left behind in this process.
  const child = Child.start(
    new URL('windows-process.js', import.meta.url),
    options,
    context.cleanUp,
    startOptions('start:worker'),
  );
  const { medianMs, p99Ms, worstMs } = await child.ask({ questions, warmUps, windowMs }, askedWindowsSchema);
  await child.stop();
  return {
    title: 'A window of thirty days',
    about: `Over ${segments.toLocaleString('en-US')} segments of ${defaultServices.length} services, from a random millisecond on, never the same twice.`,
    measurements: [
      { what: 'Median', unit: 'ms', value: medianMs },
      { what: 'p99', unit: 'ms', value: p99Ms, worst: worstMs, target: { atMost: 2 } },
    ],
  };
}
