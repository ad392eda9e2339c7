import type { EntityManager } from 'typeorm';

import type { Database } from '#platform/database';
import { errorCode, FactLogger } from '#platform';
import { DatabaseUnavailableError } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Ledger } from '../ledger/ledger.js';
import { ComingPayouts } from '../payouts/coming-payouts.js';
import type { AssessmentRecord } from './assessment.js';
import { type Decision, type HouseRules, toRecord } from './decision.js';
import { DecisionLog } from './decision-log.js';
import { Findings } from './findings.js';
import { Gathering } from './gathering.js';
import { keepOtherReports } from './other-report.js';
import { pinWorker } from './pin-worker.js';
import { recordDecisions } from './record-decisions.js';
import { markAnswering } from './setbacks.js';
import { StackClaims } from './stack-claims.js';

/** Decisions in one transaction at most: large batches are cheaper by far, and a larger one would keep others waiting. */
const MAX_BATCH = 1_700;

/** So many at once come from a fleet: then the next ones wait for each other. */
const LARGE_BATCH = 100;
const LONGEST_WAIT_MS = 2_000;

/** The class of an SQLSTATE that says nothing about the rows: connection lost, out of resources, server going down. */
const notAboutRows = /^(08|25|53|57|58|XX)|^E[A-Z]/;

/** Null: decided by someone else before, or not storable now. */
type Answer = AssessmentRecord | null;

/**
 * Writes decisions as they come in, those that come in while a transaction runs together in the next one. A decision
 * that cannot be written is logged and judged again when its lease is over.
 */
export class DecisionWriter {
  private readonly log = new FactLogger('assessments');
  private readonly decisionLog = new DecisionLog(this.log);
  private readonly gathering = new Gathering<Decision, Answer>((batch) => this.write(batch), {
    most: MAX_BATCH,
    patientAfter: LARGE_BATCH,
    longestMs: LONGEST_WAIT_MS,
  });
  private readonly stackClaims = new StackClaims();
  private readonly findings: Findings;
  private readonly comingPayouts: ComingPayouts;
  /** Over when no entry is being posted. Never rejects. */
  private posting: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    alerts: Alerts,
    private readonly rules: HouseRules,
    /** What payouts will be made in; names them in the log before they are made. */
    payoutAsset = 'ledger',
  ) {
    this.comingPayouts = new ComingPayouts(payoutAsset);
    this.findings = new Findings(alerts, audit);
  }

  add(decision: Decision): Promise<Answer> {
    return this.gathering.add(this.stackClaims.trim(decision));
  }

  /**
   * Before a question is asked: a database that is slower than the workers would otherwise fill the memory. And while an
   * entry is posted nothing new begins: it holds the balances of thousands, for half as long when it has a core to itself.
   */
  async room(): Promise<void> {
    await this.gathering.room();
    await this.posting;
  }

  private readonly post: Ledger['post'] = (tx, entry) => {
    const posted = this.ledger.post(tx, entry);
    const isOver = (): void => undefined;
    this.posting = posted.then(isOver, isOver);
    return posted;
  };

  private async write(batch: readonly Decision[]): Promise<Answer[]> {
    try {
      const written = await this.commit(batch);
      return batch.map(({ due }) => written.get(due.id) ?? null);
    } catch (error) {
      const affectsAll =
        error instanceof DatabaseUnavailableError || notAboutRows.test(errorCode(error) ?? '');
      if (batch.length === 1 || affectsAll) {
        this.log.error('assessments not stored', error, {
          count: batch.length,
          assessmentId: batch[0]?.due.id,
        });
        return batch.map(() => null);
      }
      // One that cannot be stored must not hold the others back.
      const half = Math.ceil(batch.length / 2);
      return [...(await this.write(batch.slice(0, half))), ...(await this.write(batch.slice(half)))];
    }
  }

  private async commit(batch: readonly Decision[]): Promise<Map<string, AssessmentRecord>> {
    const { stored, overlapping, payoutIds } = await this.database.transaction(async (tx) => {
      const pinned: Decision[] = [];
      for (const decision of batch) pinned.push(await pinWorker(tx, decision, this.audit, this.rules));
      const claimed = await this.stackClaims.claim(tx, pinned);
      const recorded = await recordDecisions(tx, claimed, {
        post: this.post,
        rules: this.rules,
      });
      const contradicting = await keepOtherReports(tx, recorded.lost, this.rules);
      await this.findings.tell(tx, [...recorded.stored.map(({ decision }) => decision), ...contradicting]);
      const answering = batch.filter(({ due, evidence }) => evidence.kind === 'report' && due.failures > 0);
      if (answering.length > 0) {
        await markAnswering(
          tx,
          answering.map(({ due }) => due.orchestrator_id),
        );
      }
      return { ...recorded, payoutIds: await this.payoutIds(tx, recorded.stored) };
    });
    this.stackClaims.remember(stored.map(({ decision }) => decision));
    for (const { due } of overlapping) {
      this.log.warn('period dropped, its time has been assessed before', {
        orchestratorId: due.orchestrator_id,
        periodStart: due.period_start.toISOString(),
      });
    }
    const records = stored.map(({ decision, decidedAt }) => toRecord(decision, decidedAt));
    this.decisionLog.write(records, payoutIds);
    return new Map(records.map((record) => [record.id, record]));
  }

  /** The one id by which the log leads from a period to its tx. */
  private async payoutIds(
    tx: EntityManager,
    stored: readonly { decision: Decision }[],
  ): Promise<ReadonlyMap<string, string>> {
    const paid = stored.filter(({ decision: { judgement } }) => judgement.decision === 'paid');
    return this.comingPayouts.read(
      tx,
      paid.map(({ decision: { due } }) => due.orchestrator_id),
    );
  }
}
