import { setTimeout as wait } from 'node:timers/promises';

import { type Monitor } from '../../src/monitor.js';
import { settled, uptime } from '../monitor-rig.js';
import type { Lifeline, LifeSign } from './lifeline.js';
import type { RealContainers } from './real-containers.js';

export type Deed = 'kill' | 'stop' | 'start' | 'restart' | 'pause' | 'unpause';

export interface Transition {
  deed: Deed;
  /** When the container's process went off or on, by the process itself; Unix milliseconds. */
  trueMs: number;
  /** Reported up time less the true one; positive: too much was reported. */
  errorMs: number;
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
      return container.kill();
    case 'stop':
      return container.stop({ t: 0 });
    case 'start':
      return container.start();
    case 'restart':
      return container.restart({ t: 0 });
    case 'pause':
      return container.pause();
    case 'unpause':
      return container.unpause();
  }
}

/** Does things to a real container and compares the monitor's account around each with what the process itself said. */
export async function measureAccuracy(options: AccuracyOptions): Promise<Transition[]> {
  const { lifeline, monitor, deeds, calmMs, name } = options;
  const found: { deed: Deed; wentOn: boolean; trueMs: number; fromMs: number; toMs: number }[] = [];
  let calmSinceMs = Date.now();
  await wait(calmMs(0));
  for (const [index, deed] of deeds.entries()) {
    const before = Math.ceil(calmSinceMs);
    await act(options, deed);
    const offMs = deed === 'restart' ? await lifeline.next('ended') : null;
    const trueMs = await lifeline.next(signs[deed]);
    if (offMs !== null) {
      // A restart is two changes; they are looked at together, as the up time that is missing between them.
      calmSinceMs = Date.now();
      await wait(calmMs(index + 1));
      found.push({ deed, wentOn: true, trueMs: trueMs - (offMs - before), fromMs: before, toMs: Date.now() });
      continue;
    }
    calmSinceMs = Date.now();
    await wait(calmMs(index + 1));
    const wentOn = deed === 'start' || deed === 'unpause';
    found.push({ deed, wentOn, trueMs, fromMs: before, toMs: Date.now() });
  }
  await settled(monitor);
  return found.map(({ deed, wentOn, trueMs, fromMs, toMs }) => {
    const trueUpMs = wentOn ? toMs - trueMs : trueMs - fromMs;
    return { deed, trueMs, errorMs: uptime(monitor, name, fromMs, toMs).upMs - trueUpMs };
  });
}
