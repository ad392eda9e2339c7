import { type ProbedRun, ProbeFailedError } from './probe.js';

/** By so much the clocks of two programs of one host, and the rounding of both, may differ. */
const toleranceMs = 5_000;

/**
 * A process that is older than the container it is said to run in runs somewhere else.
 * @throws ProbeFailedError
 */
export function assertStartedWith({ startedAtMs }: ProbedRun, processStartedMs: number): void {
  if (startedAtMs === null || !Number.isFinite(processStartedMs)) {
    throw new ProbeFailedError('start time not told');
  }
  if (processStartedMs < startedAtMs - toleranceMs)
    throw new ProbeFailedError('started before its container');
}
