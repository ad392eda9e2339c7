import { Inject, Injectable } from '@nestjs/common';

import { FactLogger } from '#platform';
import { Database, DatabaseUnavailableError } from '#platform/database';

import { Alerts } from '../alerts/alerts.js';
import { AuditLog } from '../audit/audit-log.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { ready } from '../books/ready.js';
import { Ledger } from '../ledger/ledger.js';
import type { AssessmentRecord } from './assessment.js';
import { AssessmentTurn, type TurnParts } from './assessment-turn.js';
import { DecisionWriter } from './decision-writer.js';
import { houseRules } from './decision.js';
import { claimDuePeriods, type DuePeriod, openEndedPeriods } from './due-periods.js';
import type { EvidenceSource } from './evidence-source.js';
import { FetchGate } from './fetch-gate.js';
import { groupBy } from './group-by.js';
import { Setbacks } from './setbacks.js';

/** Bounds of one claim. */
const PERIODS_PER_ORCHESTRATOR = 60;
/** Claimed and not decided yet, in this process: about two kilobytes each. */
const MOST_PERIODS_HELD = 20_000;
/** Longer than a turn attempts anything, one more attempt and the writing. */
const LEASE_MS = 60_000;

/** Questions at once: most workers answer within milliseconds, and one that does not must not keep another waiting. */
const PROMPT_FETCHES = 256;
const WAITING_FETCHES = 8_192;
const PROMPT_MS = 300;

/** One period in sixteen is asked about twice. */
const SECOND_QUESTION_BASIS_POINTS = 625;

/** Judges every period that has ended. Any number of processes may do so at once on one database. */
@Injectable()
export class Assessor {
  private readonly log = new FactLogger('assessments');
  private readonly parts: TurnParts;
  /** Orchestrators that are being asked: what else is due of them waits. */
  private readonly busy = new Set<string>();
  private held = 0;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    audit: AuditLog,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
    alerts: Alerts = new Alerts(database),
  ) {
    const rules = houseRules(options);
    this.parts = {
      gate: new FetchGate({
        prompt: options.fetchConcurrency ?? PROMPT_FETCHES,
        waiting: WAITING_FETCHES,
        promptMs: PROMPT_MS,
      }),
      writer: new DecisionWriter(database, ledger, audit, alerts, rules),
      setbacks: new Setbacks(database),
      rules,
      fetchTimeoutMs: options.fetchTimeoutMs ?? 5_000,
      evidenceGraceSeconds: options.evidenceGraceSeconds,
      secondQuestionBasisPoints: options.secondQuestionBasisPoints ?? SECOND_QUESTION_BASIS_POINTS,
    };
  }

  /**
   * Asks the database what is due, fetches the reports and stores what was decided. Call it about every second, also
   * while earlier calls still wait for slow workers: each takes what is due by then, and together they hold a bounded
   * number of periods. Returns what this call decided.
   */
  async assessDue(
    source: EvidenceSource,
    signal = new AbortController().signal,
  ): Promise<AssessmentRecord[]> {
    await this.prepareLedger();
    const claimed = await this.claim();
    const [first] = claimed;
    if (!first) return [];
    const byOrchestrator = groupBy(claimed, ({ orchestrator_id }) => orchestrator_id);
    for (const id of byOrchestrator.keys()) this.busy.add(id);
    this.held += claimed.length;
    const turn = new AssessmentTurn(first.claimed_at, source, signal, this.parts);
    return turn.run(byOrchestrator, (id) => {
      this.busy.delete(id);
      this.held -= byOrchestrator.get(id)?.length ?? 0;
    });
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

  /** Two transactions: rows that were inserted by the transaction that updates them would be checked twice. */
  private async claim(): Promise<DuePeriod[]> {
    const limits = {
      reportDelayMs: this.options.reportDelayMs ?? 500,
      leaseMs: LEASE_MS + this.parts.fetchTimeoutMs,
      graceSeconds: this.options.evidenceGraceSeconds,
      perOrchestrator: PERIODS_PER_ORCHESTRATOR,
      total: MOST_PERIODS_HELD - this.held,
      except: [...this.busy],
    };
    if (limits.total <= 0) return [];
    await this.database.transaction((tx) => openEndedPeriods(tx, limits));
    return this.database.transaction((tx) => claimDuePeriods(tx, limits));
  }
}
