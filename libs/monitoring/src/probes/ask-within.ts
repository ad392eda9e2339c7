import { errorCode } from '#platform';

import type { ProbeOutcome } from '../segments/probe-result.js';
import { failureDetail } from './failure-detail.js';
import type { Probe, ProbedRun } from './probe.js';

/** An operating system may give a connection up before we do. */
const saidNothing = (error: unknown) => errorCode(error) === 'ETIMEDOUT';

/**
 * One check with a hard limit: whatever the probe does, this resolves in time.
 * @param ended somebody no longer wants to know; resolves to null then
 */
export function askWithin(
  probe: Probe,
  run: ProbedRun,
  { timeoutMs, secrets, ended }: { timeoutMs: number; secrets: readonly string[]; ended: AbortSignal },
): Promise<ProbeOutcome | null> {
  return new Promise((resolve) => {
    const attempt = new AbortController();
    const settle = (outcome: ProbeOutcome | null) => {
      clearTimeout(timer);
      ended.removeEventListener('abort', onEnded);
      resolve(outcome);
      // After an outcome there is nothing left to do: what the attempt still holds is let go.
      attempt.abort();
    };
    const onEnded = () => {
      settle(null);
    };
    const timer = setTimeout(() => {
      settle({ kind: 'timed out' });
    }, timeoutMs);
    ended.addEventListener('abort', onEnded, { once: true });
    if (ended.aborted) {
      settle(null);
      return;
    }
    const check = async () => probe.check(attempt.signal, run);
    check().then(
      () => {
        settle({ kind: 'passed' });
      },
      (error: unknown) => {
        settle(
          saidNothing(error)
            ? { kind: 'timed out' }
            : { kind: 'failed', detail: failureDetail(error, secrets) },
        );
      },
    );
  });
}
