import { setTimeout as wait } from 'node:timers/promises';

import { request } from 'undici';
import { z } from 'zod';

import type { Measurement, Section } from '../benchmark.js';
import { medianAndLargest } from '../run/statistics.js';
import type { StateWatch } from './state-watch.js';

/** Something that runs containers, and says when it did a deed. */
export interface Containers {
  kill(service: string): Promise<number>;
  start(service: string): Promise<number>;
  restart(service: string): Promise<number>;
}

export interface DetectionOptions {
  title: string;
  about: string;
  workerUrl: string;
  watch: StateWatch;
  containers: Containers;
  service: string;
  times: number;
  restarts: number;
  progress: (text: string) => void;
  /** Of the median of a killed container; the Engine's own delay is part of what is measured on a real one. */
  targetMs?: number;
}

/** How soon a change is told, and whether restarts of less than a second are all accounted for. */
export async function measureDetection(options: DetectionOptions): Promise<Section> {
  const { title, about, watch, containers, service, times, restarts, workerUrl, targetMs, progress } =
    options;
  const downMs: number[] = [];
  const upMs: number[] = [];
  let untold = 0;
  const note = (list: number[], deedMs: number, toldMs: number | null) => {
    if (toldMs === null) untold += 1;
    else list.push(toldMs - deedMs);
  };
  for (let n = 0; n < times; n++) {
    if (n % 20 === 0) progress(`${title}: ${n} of ${times} containers killed and started`);
    const down = watch.arrival(service, 'down');
    note(downMs, await containers.kill(service), await down);
    await wait(50 + (n % 7) * 13);
    const up = watch.arrival(service, 'up');
    note(upMs, await containers.start(service), await up);
    await wait(50 + (n % 5) * 17);
  }
  progress(`${title}: ${restarts} restarts`);
  const spans: { from: number; to: number }[] = [];
  for (let n = 0; n < restarts; n++) {
    const from = Date.now() - 1;
    await containers.restart(service);
    await wait(700);
    spans.push({ from, to: Date.now() });
  }
  const seen = await Promise.all(spans.map((span) => downWithin(workerUrl, service, span)));
  const measurements: Measurement[] = [
    {
      what: 'Killed container → told at /events',
      unit: 'ms',
      ...medianAndLargest(downMs),
      ...(targetMs !== undefined && { target: { atMost: targetMs } }),
    },
    { what: 'Started container → told at /events', unit: 'ms', ...medianAndLargest(upMs) },
    { what: 'Changes that were not told', unit: 'count', value: untold, target: { exactly: 0 } },
    {
      what: `Of ${restarts} restarts under a second, not in the account`,
      unit: 'count',
      value: seen.filter((isSeen) => !isSeen).length,
      target: { exactly: 0 },
      beside: 'Uptime Kuma at 1 s: 7 of 8',
    },
  ];
  return { title, about, measurements };
}

const uptimeSchema = z.object({ services: z.array(z.object({ name: z.string(), down_ms: z.number() })) });

/** Asks until the span lies before the watermark. */
async function downWithin(url: string, service: string, { from, to }: { from: number; to: number }) {
  const path = `/service-uptime?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  for (let tries = 0; tries < 200; tries++) {
    const { statusCode, body } = await request(url + path);
    const json = await body.json();
    if (statusCode === 200) {
      const { services } = uptimeSchema.parse(json);
      return services.some(({ name, down_ms }) => name === service && down_ms > 0);
    }
    await wait(100);
  }
  return false;
}
