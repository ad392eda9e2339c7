import { readFileSync } from 'node:fs';

import { delay } from '#platform';

import type { Instant } from './segments/observation.js';

export interface Clock {
  now(): Instant;
  /** The pace of the monitor's rounds; absent: by the machine's own time. An aborted signal ends the wait early. */
  wait?(ms: number, signal?: AbortSignal): Promise<void>;
}

export const waitBy = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  clock.wait?.(ms, signal) ?? delay(ms, signal);

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monotonicMs: Number(process.hrtime.bigint() / 1_000_000n) }),
};

/**
 * Identifies this run of the operating system, within which the monotonic clocks of two processes agree; null where
 * the system does not tell.
 */
export function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
