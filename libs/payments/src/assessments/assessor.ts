import { Inject, Injectable } from '@nestjs/common';

import { FactLogger } from '#platform';
import { Database, DatabaseUnavailableError } from '#platform/database';

import { Alerts } from '../alerts/alerts.js';
import { AuditLog } from '../audit/audit-log.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { ready } from '../books/ready.js';
import { Ledger } from '../ledger/ledger.js';
import { AssessmentTurn, type OnDecided, type TurnParts } from './assessment-turn.js';
import { DecisionWriter } from './decision-writer.js';
import { houseRules } from './decision.js';
import { claimDuePeriods, type DuePeriod, openEndedPeriods } from './due-periods.js';
import type { EvidenceSource } from './evidence-source.js';
import { FetchGate } from './fetch-gate.js';
import { groupBy } from './group-by.js';
import { Setbacks } from './setbacks.js';

/** Bounds of one claim. */
const PERIODS_PER_ORCHESTRATOR = 60;
/** One claim: the next one is made while these are asked about. */
const PERIODS_PER_CLAIM = 2_500;
/** For one claim periods of so many are put into the queue: the first workers are asked before the last ones are due. */
const ORCHESTRATORS_OPENED = PERIODS_PER_CLAIM;
/** Claimed and not decided yet, in this process: about two kilobytes each. */
const MOST_PERIODS_HELD = 20_000;
/** In one call. What is then still due, or due again, has time until the next one. */
const MOST_CLAIMS = MOST_PERIODS_HELD / PERIODS_PER_CLAIM;
/** Longer than a turn attempts anything, one more attempt and the writing. */
const LEASE_MS = 60_000;

/** Questions at once: most workers answer within milliseconds, and one that does not must not keep another waiting. */
const PROMPT_FETCHES = 256;
const WAITING_FETCHES = 8_192;
const PROMPT_MS = 300;

/** One period in sixteen is asked about twice. */
const SECOND_QUESTION_BASIS_POINTS = 625;

interface Claim {
  byOrchestrator: Map<string, DuePeriod[]>;
  /** Nothing more is due now. */
  isLast: boolean;
}

/** Judges every period that has ended. Any number of processes may do so at once on one database. */
@Injectable()
export class Assessor {
  private readonly log = new FactLogger('assessments');
  private readonly parts: TurnParts;
  /** Orchestrators that are being asked: what else is due of them waits. */
  private readonly busy = new Set<string>();
  private held = 0;
  private readonly reportDelayMs: number;
  private isClaiming = false;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    audit: AuditLog,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
    alerts: Alerts = new Alerts(database),
  ) {
    this.reportDelayMs = options.reportDelayMs ?? 500;
    const rules = houseRules(options);
    this.parts = {
      gate: new FetchGate({
        prompt: options.fetchConcurrency ?? PROMPT_FETCHES,
        waiting: WAITING_FETCHES,
        promptMs: PROMPT_MS,
      }),
      writer: new DecisionWriter(database, ledger, audit, alerts, rules, options.payoutAsset),
      setbacks: new Setbacks(database),
      rules,
      fetchTimeoutMs: options.fetchTimeoutMs ?? 5_000,
      evidenceGraceSeconds: options.evidenceGraceSeconds,
      secondQuestionBasisPoints: options.secondQuestionBasisPoints ?? SECOND_QUESTION_BASIS_POINTS,
    };
  }

  /**
   * Asks the database what is due, fetches the reports and stores what was decided; returns how many periods were. Call
   * it about every second, also while earlier calls still wait for slow workers: one call at a time claims, and goes on
   * until nothing more is due; together they hold a bounded number of periods.
   */
  async assessDue(
    source: EvidenceSource,
    signal = new AbortController().signal,
    onDecided?: OnDecided,
  ): Promise<number> {
    if (this.isClaiming) return 0;
    this.isClaiming = true;
    const turns: AssessmentTurn[] = [];
    try {
      await this.prepareLedger();
      for await (const claim of this.claims(signal)) {
        const [periods] = claim.byOrchestrator.values();
        if (!periods?.[0]) continue;
        const turn = new AssessmentTurn(periods[0].claimed_at, source, signal, this.parts, onDecided);
        turns.push(turn);
        await turn.askAll(claim.byOrchestrator, (id) => {
          this.release(id, claim);
        });
      }
    } finally {
      this.isClaiming = false;
      // Also when a claim has failed: nothing goes on after this call.
      await Promise.all(turns.map((turn) => turn.ended()));
    }
    return turns.reduce((sum, { decided }) => sum + decided, 0);
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

  /** What is due, claim by claim; the next one is made while the one before is asked about. */
  private async *claims(signal: AbortSignal): AsyncGenerator<Claim> {
    let next = this.claim();
    for (let claims = 1; ; claims += 1) {
      const claim = await next;
      const isLast = claim.isLast || claims >= MOST_CLAIMS || signal.aborted;
      if (!isLast) {
        next = this.claim();
        // Heard of when it is waited for.
        next.catch(() => undefined);
      }
      yield claim;
      if (isLast) return;
    }
  }

  private async claim(): Promise<Claim> {
    // A transaction of its own: rows that were inserted by the transaction that claims them would be checked twice.
    const opened = await this.database.transaction((tx) =>
      openEndedPeriods(tx, {
        reportDelayMs: this.reportDelayMs,
        perOrchestrator: PERIODS_PER_ORCHESTRATOR,
        orchestrators: ORCHESTRATORS_OPENED,
      }),
    );
    const claimed = await this.claimOpened();
    const byOrchestrator = groupBy(claimed, ({ orchestrator_id }) => orchestrator_id);
    for (const id of byOrchestrator.keys()) this.busy.add(id);
    this.held += claimed.length;
    return { byOrchestrator, isLast: claimed.length < PERIODS_PER_CLAIM && opened < ORCHESTRATORS_OPENED };
  }

  private async claimOpened(): Promise<DuePeriod[]> {
    const limits = {
      reportDelayMs: this.reportDelayMs,
      leaseMs: LEASE_MS + this.parts.fetchTimeoutMs,
      graceSeconds: this.options.evidenceGraceSeconds,
      perOrchestrator: PERIODS_PER_ORCHESTRATOR,
      total: Math.min(PERIODS_PER_CLAIM, MOST_PERIODS_HELD - this.held),
      except: [...this.busy],
    };
    return limits.total > 0 ? this.database.transaction((tx) => claimDuePeriods(tx, limits)) : [];
  }

  private release(orchestratorId: string, { byOrchestrator }: Claim): void {
    this.busy.delete(orchestratorId);
    this.held -= byOrchestrator.get(orchestratorId)?.length ?? 0;
    byOrchestrator.delete(orchestratorId);
  }
}
