import { setTimeout as wait } from 'node:timers/promises';

import { type Monitor } from '../../src/monitor.js';
import { settled, uptime } from '../monitor-rig.js';
import type { Lifeline, LifeSign } from './lifeline.js';
import type { RealContainers } from './real-containers.js';

export type Deed = 'kill' | 'stop' | 'start' | 'restart' | 'pause' | 'unpause';

export interface Transition {
  deed: Deed;
  /** Reported up time less the true one by the process's own sign; positive: too much was reported. */
  errorMs: number;
  /**
   * The change lies between the call that caused it and the process's sign of it, which is late on a busy machine: how
   * far the report lies outside of what is possible; positive: too much, zero: within.
   */
  beyondMs: number;
}

const signs: Readonly<Record<Deed, LifeSign>> = {
  kill: 'ended',
  stop: 'ended',
  start: 'began',
  restart: 'began',
  pause: 'paused',
  unpause: 'went on',
};

export interface AccuracyOptions {
  containers: RealContainers;
  /** A container that runs the script of the lifeline. */
  name: string;
  lifeline: Lifeline;
  monitor: Monitor;
  deeds: readonly Deed[];
  /** How long the container is left alone after each deed: what is compared is half of that before and after it. */
  calmMs: (index: number) => number;
}

async function act({ containers, name }: AccuracyOptions, deed: Deed): Promise<void> {
  const container = containers.get(name);
  switch (deed) {
    case 'kill':
      await container.kill();
      return;
    case 'stop':
      await container.stop({ t: 0 });
      return;
    case 'start':
      await container.start();
      return;
    case 'restart':
      await container.restart({ t: 0 });
      return;
    case 'pause':
      await container.pause();
      return;
    case 'unpause':
      await container.unpause();
      return;
  }
}

interface Change {
  deed: Deed;
  fromMs: number;
  toMs: number;
  /** Up time in between, by the process's signs, and at least and at most. */
  upMs: number;
  leastMs: number;
  mostMs: number;
}

/** Does things to a real container and compares the monitor's account around each with what the process itself said. */
export async function measureAccuracy(options: AccuracyOptions): Promise<Transition[]> {
  const { lifeline, monitor, deeds, calmMs, name } = options;
  const found: Change[] = [];
  await wait(calmMs(0) / 2);
  for (const [index, deed] of deeds.entries()) {
    const fromMs = Date.now();
    await wait(calmMs(index) / 2);
    const calledMs = Date.now();
    await act(options, deed);
    const offMs = deed === 'restart' ? await lifeline.next('ended') : null;
    const signMs = await lifeline.next(signs[deed]);
    await wait(calmMs(index + 1) / 2);
    const toMs = Date.now();
    const isOn = deed === 'start' || deed === 'unpause';
    const windowMs = toMs - fromMs;
    const [early, late] = isOn ? [toMs - calledMs, toMs - signMs] : [calledMs - fromMs, signMs - fromMs];
    const restarted = offMs !== null && {
      upMs: windowMs - (signMs - offMs),
      leastMs: windowMs - (signMs - calledMs),
      mostMs: windowMs,
    };
    const simple = { upMs: late, leastMs: Math.min(early, late), mostMs: Math.max(early, late) };
    found.push({ deed, fromMs, toMs, ...(restarted || simple) });
  }
  await settled(monitor);
  return found.map(({ deed, fromMs, toMs, upMs, leastMs, mostMs }) => {
    const reportedMs = uptime(monitor, name, fromMs, toMs).upMs;
    const beyondMs = Math.max(0, reportedMs - mostMs) - Math.max(0, leastMs - reportedMs);
    return { deed, errorMs: reportedMs - upMs, beyondMs };
  });
}
