import type { ReasonCode } from '../../src/assessments/reason.js';
import { type ModelTerms, passes, type Share, shareOf, worthOf } from './rules.js';
import { type ScriptedWorker, signerNamed } from './scripted-worker.js';
import { Versions } from './versions.js';
import { truthOf } from './worker-truth.js';

export interface ModelPolicy {
  thresholdBp: number | null;
  aggregation: ModelTerms['aggregation'] | null;
  required: readonly string[] | null;
}

export interface Verdict {
  decision: 'paid' | 'unpaid';
  /** None when paid; several where more than one thing is wrong and either may be named. */
  reasons: ReasonCode[];
  amountMicroUsd: bigint;
  share: Share | null;
  signer: string | null;
}

const unpaid = (
  reasons: ReasonCode[],
  signer: string | null = null,
  share: Share | null = null,
): Verdict => ({
  ...{ decision: 'unpaid', amountMicroUsd: 0n },
  ...{ reasons, signer, share },
});

/** A retry comes after 72 s at the latest; the rest is for a slow machine. */
const LONGEST_RETRY_MS = 100_000;
/** A turn's own time goes on while the clock of the books stands. */
const SLACK_MS = 20_000;

/** One payee: what was said about it, and what became of each of its periods. */
export class ModelOrchestrator {
  readonly statuses = new Versions<'active' | 'paused'>();
  readonly addresses = new Versions<string>();
  readonly rates = new Versions<bigint | null>();
  readonly policies = new Versions<ModelPolicy>();
  archivedMs: number | null = null;
  readonly decided = new Map<number, Verdict>();
  /** Starts of undecided periods, with the first assessment in which they were seen to have been asked for in vain. */
  readonly triedMs = new Map<number, number>();
  /** With the first assessment in which they may have been: a silent worker is silent about all that has ended. */
  readonly maybeTriedMs = new Map<number, number>();
  silentMs = -Infinity;

  constructor(
    readonly id: string,
    readonly worker: ScriptedWorker,
    private readonly createdMs: number,
    private readonly periodMs: number,
  ) {
    this.statuses.add(createdMs, 'active');
  }

  /** Starts of all whole periods after the record was made that have ended by now and before the archive. */
  endedPeriods(nowMs: number): number[] {
    const untilMs = Math.min(nowMs, this.archivedMs ?? Infinity);
    const starts: number[] = [];
    let startMs = this.createdMs - (this.createdMs % this.periodMs) + this.periodMs;
    for (; startMs + this.periodMs <= untilMs; startMs += this.periodMs) starts.push(startMs);
    return starts;
  }

  undecided(nowMs: number): number[] {
    return this.endedPeriods(nowMs).filter((startMs) => !this.decided.has(startMs));
  }

  /** What a report that arrives now makes of a period. */
  judge(startMs: number, terms: ModelTerms): Verdict {
    if (this.statuses.at(startMs) === 'paused') return unpaid(['orchestrator_paused']);
    const endMs = startMs + this.periodMs;
    const truth = truthOf(this.worker.name, this.worker.services, startMs, endMs);
    if (truth.fault === 'malformed') return unpaid(['malformed_report']);
    if (truth.fault === 'changed after signing') return unpaid(['bad_signature']);
    const signer = signerNamed(this.worker.key).address;
    const wrong: ReasonCode[] = [];
    const expected = this.addresses.at(startMs) ?? this.addresses.newest();
    if (expected !== undefined && expected !== signer) wrong.push('wrong_worker');
    if (truth.fault === 'stale challenge') wrong.push('stale_challenge');
    if (truth.fault === 'other window') wrong.push('wrong_window');
    if (truth.fault === 'clock far off') wrong.push('clock_skew');
    if (wrong.length > 0) return unpaid(wrong, signer);
    const share = shareOf(truth, terms, this.periodMs);
    if (!passes(share, terms.thresholdBp)) {
      return unpaid([share.missing > 0 ? 'missing_services' : 'below_threshold'], signer, share);
    }
    const amountMicroUsd = worthOf(terms.rateMicroUsd, startMs, endMs);
    return { decision: 'paid', reasons: [], amountMicroUsd, share, signer };
  }

  /** Remembers a decision; the first sound signer becomes the worker of a record that names none. */
  remember(startMs: number, verdict: Verdict): void {
    if (verdict.share && verdict.signer !== null && this.addresses.newest() === undefined) {
      this.addresses.add(this.createdMs, verdict.signer);
    }
    this.decided.set(startMs, verdict);
    this.triedMs.delete(startMs);
    this.maybeTriedMs.delete(startMs);
  }

  /** An assessment that the worker did not answer. */
  noteSilence(nowMs: number): void {
    const undecided = this.undecided(nowMs);
    if (undecided.length > 0) this.silentMs = nowMs;
    for (const startMs of undecided) {
      if (!this.maybeTriedMs.has(startMs)) this.maybeTriedMs.set(startMs, nowMs);
    }
  }

  /** Whether a period may be given up now: its grace is over, counted from the first attempt. */
  mayGiveUp(startMs: number, nowMs: number, graceMs: number): boolean {
    const triedMs = this.maybeTriedMs.get(startMs);
    return triedMs !== undefined && nowMs + SLACK_MS >= triedMs + graceMs;
  }

  /** Periods that must have been decided by an assessment at this moment. */
  overdue(nowMs: number, graceMs: number): number[] {
    if (nowMs < this.silentMs + LONGEST_RETRY_MS) return [];
    return this.undecided(nowMs).filter((startMs) => {
      if (this.worker.mood === 'answers') return true;
      const triedMs = this.triedMs.get(startMs);
      return triedMs !== undefined && nowMs >= triedMs + graceMs + SLACK_MS;
    });
  }
}
