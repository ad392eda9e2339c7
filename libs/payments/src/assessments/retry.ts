import type { NoReport } from './attempt.js';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
const SHORTEST_NOT_YET_MS = 100;
const LONGEST_NOT_YET_MS = 15_000;

/**
 * How long to wait after an attempt that brought nothing: what the worker asked for, or twice as long each time, and not
 * before about twice the time that the attempt took, so that silent workers hold few connections.
 */
export function retryDelayMs(
  outcome: NoReport,
  attemptsBefore: number,
  random: () => number = Math.random,
): number {
  if (outcome.kind === 'not-yet') {
    const askedMs = Number.isFinite(outcome.retryAfterMs) ? outcome.retryAfterMs : LONGEST_NOT_YET_MS;
    return Math.min(LONGEST_NOT_YET_MS, Math.max(SHORTEST_NOT_YET_MS, Math.round(askedMs)));
  }
  const doubledMs = FIRST_RETRY_MS * 2 ** Math.min(attemptsBefore, 10);
  const delayMs = Math.min(LONGEST_RETRY_MS, Math.max(doubledMs, 2 * outcome.waitedMs));
  return Math.round(delayMs * (0.8 + 0.4 * random()));
}
