import type { EvidenceOutcome } from './evidence-source.js';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
const SHORTEST_NOT_YET_MS = 100;
const LONGEST_NOT_YET_MS = 15_000;

/** How long to wait after an attempt that brought nothing: what the worker asked for, or twice as long each time. */
export function retryDelayMs(
  outcome: Exclude<EvidenceOutcome, { kind: 'report' }>,
  attemptsBefore: number,
  random: () => number = Math.random,
): number {
  if (outcome.kind === 'not-yet') {
    const askedMs = Number.isFinite(outcome.retryAfterMs) ? outcome.retryAfterMs : LONGEST_NOT_YET_MS;
    return Math.min(LONGEST_NOT_YET_MS, Math.max(SHORTEST_NOT_YET_MS, Math.round(askedMs)));
  }
  const doubledMs = FIRST_RETRY_MS * 2 ** Math.min(attemptsBefore, 10);
  return Math.round(Math.min(LONGEST_RETRY_MS, doubledMs) * (0.8 + 0.4 * random()));
}
