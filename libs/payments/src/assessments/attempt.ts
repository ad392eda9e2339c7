import { randomBytes } from 'node:crypto';

import type { Hex } from '#platform';

import type { DuePeriod } from './due-periods.js';
import type { EvidenceOutcome, EvidenceSource } from './evidence-source.js';
import { keepable } from './stored-report.js';

export interface Attempt {
  outcome: EvidenceOutcome;
  challenge: Hex;
}

/** Asks for one report with a fresh challenge. Never throws and never takes longer than `timeoutMs`. */
export async function attempt(
  source: EvidenceSource,
  due: DuePeriod,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Attempt> {
  const challenge: Hex = `0x${randomBytes(32).toString('hex')}`;
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort();
  }, timeoutMs);
  const stop = (): void => {
    limit.abort();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const fetched = source.fetch({
      orchestrator: { id: due.orchestrator_id, serviceUri: due.service_uri, workerUrl: due.worker_url },
      fromMs: BigInt(due.period_start.getTime()),
      toMs: BigInt(due.period_end.getTime()),
      challenge,
      signal: limit.signal,
    });
    const outcome = await Promise.race([fetched, timedOut(limit.signal, timeoutMs)]);
    return {
      challenge,
      outcome: outcome.kind === 'report' ? { ...outcome, signed: keepable(outcome.signed) } : outcome,
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { challenge, outcome: { kind: 'failed', detail } };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** For a source that does not listen to its signal. */
const timedOut = (signal: AbortSignal, timeoutMs: number): Promise<EvidenceOutcome> =>
  new Promise((resolve) => {
    const give = (): void => {
      resolve({ kind: 'failed', detail: `no answer within ${timeoutMs} ms` });
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
