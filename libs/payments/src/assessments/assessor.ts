import { Inject, Injectable } from '@nestjs/common';

import { Database, DatabaseUnavailableError, FactLogger } from '#platform';

import { AuditLog } from '../audit/audit-log.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { ready } from '../books/ready.js';
import { Ledger } from '../ledger/ledger.js';
import { assess, type Evidence } from './assess.js';
import type { AssessmentRecord } from './assessment.js';
import { attempt } from './attempt.js';
import { DecisionWriter } from './decision-writer.js';
import { termsOf } from './decision.js';
import { claimDuePeriods, type DuePeriod, openEndedPeriods, postpone, release } from './due-periods.js';
import type { EvidenceOutcome, EvidenceSource } from './evidence-source.js';
import { groupBy } from './group-by.js';
import { retryDelayMs } from './retry.js';

/** Bounds of one turn. */
const PERIODS_PER_ORCHESTRATOR = 60;
const PERIODS_PER_TURN = 5_000;
/** Longer than a turn of one orchestrator can take: its time and one more attempt. */
const LEASE_MS = 30_000;
/** After this long the other periods of an orchestrator wait for the next turn. */
const ORCHESTRATOR_TURN_MS = 5_000;

interface Turn {
  source: EvidenceSource;
  signal: AbortSignal;
  writer: DecisionWriter;
  /** The database's time, carried on by this process' steady clock. */
  now: () => Date;
}

/** Judges every period that has ended. Any number of processes may do so at once on one database. */
@Injectable()
export class Assessor {
  private readonly log = new FactLogger('assessments');

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
  ) {}

  /**
   * Asks the database what is due, fetches the reports and stores what was decided. Call it about every second, never
   * twice at once; a turn lasts as long as its slowest worker, bounded. Returns what this call decided.
   */
  async assessDue(
    source: EvidenceSource,
    signal = new AbortController().signal,
  ): Promise<AssessmentRecord[]> {
    await this.prepareLedger();
    const claimedPeriods = await this.claim();
    const [first] = claimedPeriods;
    if (!first) return [];
    const startedMs = performance.now();
    const turn: Turn = {
      source,
      signal,
      writer: new DecisionWriter(this.database, this.ledger, this.audit, this.options.allowSharedWorkers),
      now: () => new Date(first.claimed_at.getTime() + Math.floor(performance.now() - startedMs)),
    };
    const queue = [...groupBy(claimedPeriods, ({ orchestrator_id }) => orchestrator_id).values()];
    const lanes = Math.min(this.options.fetchConcurrency ?? 256, queue.length);
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let periods = queue.shift(); periods; periods = queue.shift()) {
          await this.assessOrchestrator(periods, turn);
        }
      }),
    );
    return turn.writer.finish();
  }

  private async prepareLedger(): Promise<void> {
    try {
      await this.ledger.prepareAhead(ready(this.database));
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      // There is the default partition, and the next turn tries again.
      this.log.error('partitions not prepared', error);
    }
  }

  private claim(): Promise<DuePeriod[]> {
    const limits = {
      reportDelayMs: this.options.reportDelayMs ?? 500,
      leaseMs: LEASE_MS + this.fetchTimeoutMs,
      perOrchestrator: PERIODS_PER_ORCHESTRATOR,
      total: PERIODS_PER_TURN,
    };
    return this.database.transaction(async (tx) => {
      await openEndedPeriods(tx, limits);
      return claimDuePeriods(tx, limits);
    });
  }

  private get fetchTimeoutMs(): number {
    return this.options.fetchTimeoutMs ?? 5_000;
  }

  /** Oldest first. Stops at the first attempt that brings nothing: the next one would hardly do better now. */
  private async assessOrchestrator(periods: readonly DuePeriod[], turn: Turn): Promise<void> {
    const until = performance.now() + ORCHESTRATOR_TURN_MS;
    for (const [index, due] of periods.entries()) {
      const rest = periods.slice(index);
      if (turn.signal.aborted || performance.now() > until) {
        await this.giveBack(rest);
        return;
      }
      try {
        const failure = await this.assessPeriod(due, turn);
        if (failure !== null) {
          await this.giveBack(this.decideExpired(rest.slice(1), failure, turn));
          return;
        }
      } catch (error) {
        // The lease brings them back; another orchestrator goes on.
        this.log.error('period not assessed', error, { assessmentId: due.id });
        return;
      }
    }
  }

  /** Null when the period was decided, else why there was no evidence. */
  private async assessPeriod(due: DuePeriod, turn: Turn): Promise<string | null> {
    if (due.status === 'paused') {
      this.decide(due, { kind: 'paused' }, { latencyMs: 0, firstAttemptAt: due.first_attempt_at }, turn);
      return null;
    }
    const attemptedAt = turn.now();
    const { outcome, challenge } = await attempt(turn.source, due, {
      timeoutMs: this.fetchTimeoutMs,
      signal: turn.signal,
    });
    const firstAttemptAt = due.first_attempt_at ?? attemptedAt;
    if (outcome.kind === 'report') {
      const { signed, latencyMs } = outcome;
      const receivedAtMs = BigInt(turn.now().getTime());
      this.decide(
        due,
        { kind: 'report', signed, challenge, receivedAtMs },
        { latencyMs, firstAttemptAt },
        turn,
      );
      return null;
    }
    // The end of this process says nothing about the worker.
    if (turn.signal.aborted) {
      await this.giveBack([due]);
      return outcome.detail;
    }
    const graceEndsMs = this.graceEndsMs(firstAttemptAt);
    if (turn.now().getTime() >= graceEndsMs) {
      this.decide(due, { kind: 'none', detail: outcome.detail }, { latencyMs: 0, firstAttemptAt }, turn);
      return outcome.detail;
    }
    await this.postpone(due, outcome, attemptedAt, graceEndsMs, turn);
    return outcome.detail;
  }

  private decide(
    due: DuePeriod,
    evidence: Evidence,
    { latencyMs, firstAttemptAt }: { latencyMs: number; firstAttemptAt: Date | null },
    turn: Turn,
  ): void {
    turn.writer.add({ due, evidence, judgement: assess(evidence, termsOf(due)), latencyMs, firstAttemptAt });
  }

  private async postpone(
    due: DuePeriod,
    outcome: Exclude<EvidenceOutcome, { kind: 'report' }>,
    attemptedAt: Date,
    graceEndsMs: number,
    turn: Turn,
  ): Promise<void> {
    const nextMs = turn.now().getTime() + retryDelayMs(outcome, due.attempts);
    await postpone(ready(this.database), {
      orchestratorId: due.orchestrator_id,
      periodStart: due.period_start,
      detail: outcome.detail,
      attemptedAt,
      nextAttemptAt: new Date(Math.min(nextMs, graceEndsMs)),
    });
    if (outcome.kind === 'failed' && due.attempts === 0) {
      this.log.warn('evidence not available', {
        orchestratorId: due.orchestrator_id,
        orchestratorName: due.name,
        periodStart: due.period_start.toISOString(),
        detail: outcome.detail,
      });
    }
  }

  /** Of periods whose worker has just failed to answer: decides those whose grace is over, returns the others. */
  private decideExpired(periods: readonly DuePeriod[], detail: string, turn: Turn): DuePeriod[] {
    const nowMs = turn.now().getTime();
    return periods.filter((due) => {
      const firstAttemptAt = due.first_attempt_at;
      if (turn.signal.aborted || firstAttemptAt === null || nowMs < this.graceEndsMs(firstAttemptAt))
        return true;
      this.decide(due, { kind: 'none', detail }, { latencyMs: 0, firstAttemptAt }, turn);
      return false;
    });
  }

  private graceEndsMs(firstAttemptAt: Date): number {
    return firstAttemptAt.getTime() + this.options.evidenceGraceSeconds * 1_000;
  }

  private giveBack(periods: readonly DuePeriod[]): Promise<void> {
    return release(ready(this.database), periods);
  }
}
