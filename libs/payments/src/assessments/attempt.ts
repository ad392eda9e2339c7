import { randomBytes } from 'node:crypto';

import type { Hex } from '#platform';

import type { Exchange } from './assess.js';
import type { EvidenceOutcome, EvidenceSource } from './evidence-source.js';
import { keepable } from './stored-report.js';

/** What is asked about: one period of one orchestrator. */
export interface Subject {
  orchestrator_id: string;
  service_uri: string;
  worker_url: string | null;
  period_start: Date;
  period_end: Date;
}

export interface AttemptLimits {
  timeoutMs: number;
  /** Attempts under way: whoever stops them aborts each. One listener for each attempt on one signal would cost more. */
  running: Set<AbortController>;
  /** The database's time, carried on by this process' steady clock. */
  now: () => Date;
}

/** An attempt that brought nothing, and how long it kept us waiting. */
export type NoReport = Exclude<EvidenceOutcome, { kind: 'report' }> & { waitedMs: number };

export type Attempted = Exchange | NoReport;

/** Asks for one report with a fresh challenge. Never throws and never takes longer than `timeoutMs`. */
export async function attempt(
  source: EvidenceSource,
  about: Subject,
  { timeoutMs, running, now }: AttemptLimits,
): Promise<Attempted> {
  const challenge: Hex = `0x${randomBytes(32).toString('hex')}`;
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort();
  }, timeoutMs);
  running.add(limit);
  const startedMs = performance.now();
  const waited = () => ({ waitedMs: performance.now() - startedMs });
  try {
    const fetched = source.fetch({
      orchestrator: { id: about.orchestrator_id, serviceUri: about.service_uri, workerUrl: about.worker_url },
      fromMs: BigInt(about.period_start.getTime()),
      toMs: BigInt(about.period_end.getTime()),
      challenge,
      signal: limit.signal,
    });
    const outcome = await Promise.race([fetched, timedOut(limit.signal, timeoutMs)]);
    if (outcome.kind !== 'report') return { ...outcome, ...waited() };
    const { signed, text, latencyMs } = outcome;
    return {
      kind: 'report',
      ...keepable(signed, text),
      challenge,
      receivedAtMs: BigInt(now().getTime()),
      latencyMs: Math.max(0, Math.round(latencyMs)),
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', detail, ...waited() };
  } finally {
    clearTimeout(timer);
    running.delete(limit);
  }
}

/** For a source that does not listen to its signal. */
const timedOut = (signal: AbortSignal, timeoutMs: number): Promise<EvidenceOutcome> =>
  new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve({ kind: 'failed', detail: `no answer within ${timeoutMs} ms` });
      },
      { once: true },
    );
  });
