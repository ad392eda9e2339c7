import type { ProbeOutcome, ProbeResult, ProbeRules } from './probe-result.js';
import { type JudgedState, unknownBecause } from './service-state.js';

/** What the results of one run say so far. */
export interface ProbeCondition {
  /** `pending` until enough successes since the container was started. */
  phase: 'pending' | 'passing' | 'failing';
  /** Since when; null while pending. A failure lasts from the question that was not answered well. */
  sinceMs: number | null;
  /** Successes in a row, while it is not passing. */
  passes: number;
  /** Results in a row without success, too few yet to end the passing. */
  doubts: readonly ProbeResult[];
  latest: ProbeResult | null;
  lastSuccessMs: number | null;
  /** What was wrong last; null until something was. */
  fault: ProbeOutcome | null;
}

export const pendingCondition: ProbeCondition = {
  phase: 'pending',
  sinceMs: null,
  passes: 0,
  doubts: [],
  latest: null,
  lastSuccessMs: null,
  fault: null,
};

/** What a service that runs is while its probe says so. */
export function judgeOutcome(outcome: ProbeOutcome): JudgedState {
  switch (outcome.kind) {
    case 'passed':
      return { state: 'up', reason: null };
    case 'failed':
      return { state: 'down', reason: `probe failed: ${outcome.detail}` };
    case 'timed out':
      return { state: 'unknown', reason: unknownBecause.probeTimedOut };
  }
}

/** The state that a condition stands for, of a container that runs. */
export function judgeCondition({ phase, fault }: ProbeCondition): JudgedState {
  if (phase === 'passing') return { state: 'up', reason: null };
  if (phase === 'failing' && fault) return judgeOutcome(fault);
  return { state: 'starting', reason: 'probe pending' };
}

/** Nobody has asked for too long from this time on; null while the probe is not passing. */
export const staleAtMs = ({ phase, latest }: ProbeCondition, { staleAfterMs }: ProbeRules): number | null =>
  phase === 'passing' && latest ? latest.askedMs + staleAfterMs : null;

function afterSuccess(before: ProbeCondition, result: ProbeResult, rules: ProbeRules): ProbeCondition {
  const known = { ...before, doubts: [], latest: result, lastSuccessMs: result.answeredMs };
  if (before.phase === 'passing') return known;
  const passes = before.passes + 1;
  return passes < rules.passAfter
    ? { ...known, passes }
    : { ...known, phase: 'passing', sinceMs: result.answeredMs, passes: 0 };
}

/** The condition after one more result. */
export function afterResult(before: ProbeCondition, result: ProbeResult, rules: ProbeRules): ProbeCondition {
  const { outcome } = result;
  if (outcome.kind === 'passed') return afterSuccess(before, result, rules);
  const known = { ...before, passes: 0, latest: result, fault: outcome };
  if (before.phase !== 'passing') return known;
  const doubts = [...before.doubts, result];
  if (doubts.length < rules.failAfter) return { ...known, doubts };
  return { ...known, phase: 'failing', sinceMs: doubts[0]?.askedMs ?? result.askedMs, doubts: [] };
}
