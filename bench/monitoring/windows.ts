import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { defaultServices } from '#monitoring';
import { openHistory, writeHistory } from '#monitoring/testing';

import type { BenchmarkContext, Section } from '../benchmark.js';

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
  await setImmediate();
  const history = openHistory(options);
  const times: number[] = [];
  let checksum = 0;
  for (let n = 0; n < questions + warmUps; n++) {
    const fromMs = startMs + Math.floor(Math.random() * (hours * hourMs - windowMs));
    const askedMs = performance.now();
    checksum += history.measure(fromMs, fromMs + windowMs).allUpMs;
    if (n >= warmUps) times.push(performance.now() - askedMs);
    if (n % 50 === 0) await setImmediate();
  }
  history.close();
  if (checksum === 0) throw new Error('nothing was up');
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    title: 'A window of thirty days',
    about: `Over ${segments.toLocaleString('en-US')} segments of ${defaultServices.length} services, from a random millisecond on, never the same twice.`,
    measurements: [
      { what: 'Median', unit: 'ms', value: at(0.5) },
      { what: 'p99', unit: 'ms', value: at(0.99), worst: times.at(-1) ?? Number.NaN, target: { atMost: 2 } },
    ],
  };
}
