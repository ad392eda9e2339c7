import type { ContainerFacts } from './observation.js';

/** One run of one container: its id, and when the Engine says that it was started. */
export type RunKey = string;

export const runKeyOf = ({ id, startedAt }: Pick<ContainerFacts, 'id' | 'startedAt'>): RunKey =>
  `${id} ${startedAt}`;

export type ProbeOutcome =
  | { kind: 'passed' }
  /** `detail` is short, and the same for the same fault. */
  | { kind: 'failed'; detail: string }
  /** Nothing was said within the time limit. */
  | { kind: 'timed out' };

/** What one probe found out about the run that was seen last when it was asked. */
export interface ProbeResult {
  run: RunKey;
  /** Unix milliseconds. */
  askedMs: number;
  answeredMs: number;
  outcome: ProbeOutcome;
}

/** When results become a change of state. */
export interface ProbeRules {
  /** So many results in a row without success end the passing; time counts as passing up to the first of them. */
  failAfter: number;
  /** So many successes in a row begin it. */
  passAfter: number;
  /** Without any result for this long, counted from the latest question, nobody knows. */
  staleAfterMs: number;
}

/** Longest that results may leave open whether a service passes; the time is unknown then. */
export const maxUndecidedMs = 8_000;
