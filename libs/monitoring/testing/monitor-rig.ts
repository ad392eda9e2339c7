import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';

import { Monitor, type MonitorOptions } from '../src/monitor.js';
import type { Transition } from '../src/answers/service-status.js';
import type { ServiceUptimeMs } from '../src/answers/window.js';
import type { ServiceState } from '../src/segments/service-state.js';

/** Nothing here waits longer than this. */
const limitMs = 15_000;

/** Waits for something that is to become true; its limit is what fails the test when it does not. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`Not in time: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Monitors of one Engine on one data directory, and what tests ask of them. */
export class MonitorRig {
  private readonly monitors: Monitor[] = [];

  private constructor(
    readonly dockerHost: string,
    readonly dataDir: string,
  ) {}

  static async create(dockerHost: string): Promise<MonitorRig> {
    Logger.overrideLogger(false);
    return new MonitorRig(dockerHost, await mkdtemp(join(tmpdir(), 'monitor-')));
  }

  async start(services: string[], options: Partial<MonitorOptions> = {}): Promise<Monitor> {
    const { dockerHost, dataDir } = this;
    const monitor = new Monitor({ services, dockerHost, dataDir, inspectEveryMs: 50, ...options });
    await monitor.start();
    this.monitors.push(monitor);
    return monitor;
  }

  async stop(monitor: Monitor): Promise<void> {
    this.monitors.splice(this.monitors.indexOf(monitor), 1);
    await monitor.stop();
  }

  async end(): Promise<void> {
    for (const monitor of this.monitors) await monitor.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The next time that the service comes into that state. */
export function transition(monitor: Monitor, service: string, to: ServiceState): Promise<Transition> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new Error(`${service} did not become ${to}`));
    }, limitMs);
    const listen = (seen: Transition) => {
      if (seen.service !== service || seen.to !== to) return;
      clearTimeout(limit);
      monitor.off('transition', listen);
      resolve(seen);
    };
    monitor.on('transition', listen);
  });
}

/** Waits until the watermark has passed the next millisecond, and returns it: what was seen just now lasts one at least. */
export async function settled(monitor: Monitor, momentMs = Date.now() + 1): Promise<number> {
  await until(() => monitor.watermarkMs() > momentMs);
  return momentMs;
}

/** Waits until every service is seen up and the Engine is watched, and from then until it is recorded. */
export async function allUp(monitor: Monitor): Promise<number> {
  await until(() => monitor.engine().watched && monitor.statuses().every(({ state }) => state === 'up'));
  return settled(monitor);
}

export function uptime(monitor: Monitor, service: string, fromMs: number, toMs: number): ServiceUptimeMs {
  const found = monitor.window(fromMs, toMs).services.find(({ name }) => name === service);
  if (!found) throw new Error(`${service} is not in the window`);
  return found;
}
