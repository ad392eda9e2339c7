import type { EntityManager } from 'typeorm';

import type { Database } from '#platform/database';
import { errorCode, FactLogger, toIsoTime } from '#platform';
import { DatabaseUnavailableError } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { comingPayouts } from '../payouts/coming-payouts.js';
import type { AssessmentRecord } from './assessment.js';
import { type Decision, type HouseRules, toRecord } from './decision.js';
import { Findings } from './findings.js';
import { Gathering } from './gathering.js';
import { keepOtherReports } from './other-report.js';
import { pinWorker } from './pin-worker.js';
import { recordDecisions } from './record-decisions.js';
import { markAnswering } from './setbacks.js';
import { StackClaims } from './stack-claims.js';

/** Decisions in one transaction at most: large batches are cheaper by far, and a larger one would keep others waiting. */
const MAX_BATCH = 1_000;

/** So many at once come from a fleet: then the next ones wait for each other, a second at most. */
const LARGE_BATCH = 100;

/** A payer of more orchestrators than this reads the API, not a line for every minute of each. */
const MOST_PAID_LINES = 100;

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
  private readonly gathering = new Gathering<Decision, Answer>((batch) => this.write(batch), {
    most: MAX_BATCH,
    patientAfter: LARGE_BATCH,
  });
  private readonly stackClaims = new StackClaims();
  private readonly findings: Findings;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    alerts: Alerts,
    private readonly rules: HouseRules,
    /** What payouts will be made in; names them in the log before they are made. */
    private readonly payoutAsset = 'ledger',
  ) {
    this.findings = new Findings(alerts, audit);
  }

  add(decision: Decision): Promise<Answer> {
    return this.gathering.add(decision);
  }

  /** Before a question is asked: a database that is slower than the workers would otherwise fill the memory. */
  room(): Promise<void> {
    return this.gathering.room();
  }

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
        ledger: this.ledger,
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
    this.announce(records, payoutIds);
    return new Map(records.map((record) => [record.id, record]));
  }

  /** Every period by itself as long as somebody can read that; of many, the paid ones in one line. */
  private announce(records: readonly AssessmentRecord[], payoutIds: ReadonlyMap<string, string>): void {
    const paid = records.filter(({ decision }) => decision === 'paid');
    const areMany = paid.length > MOST_PAID_LINES;
    for (const record of areMany ? records.filter(({ decision }) => decision !== 'paid') : records) {
      this.announceOne(record, record.decision === 'paid' ? payoutIds.get(record.orchestratorId) : undefined);
    }
    if (!areMany) return;
    this.log.info('periods assessed', {
      decision: 'paid',
      periods: paid.length,
      amountUsd: formatUsd(paid.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0n)),
    });
  }

  /** The one id by which the log leads from a period to its tx. Not asked for where nobody could read the lines. */
  private async payoutIds(
    tx: EntityManager,
    stored: readonly { decision: Decision }[],
  ): Promise<ReadonlyMap<string, string>> {
    const paid = stored.filter(({ decision: { judgement } }) => judgement.decision === 'paid');
    if (paid.length > MOST_PAID_LINES) return new Map();
    return comingPayouts(
      tx,
      paid.map(({ decision: { due } }) => due.orchestrator_id),
      this.payoutAsset,
    );
  }

  private announceOne(record: AssessmentRecord, payoutId: string | undefined): void {
    this.log.info('period assessed', {
      assessmentId: record.id,
      ...(payoutId !== undefined && { payoutId }),
      orchestratorId: record.orchestratorId,
      orchestratorName: record.orchestratorName,
      periodStart: toIsoTime(record.periodStart.getTime()),
      periodEnd: toIsoTime(record.periodEnd.getTime()),
      uptimePercentage: record.uptimePercentage,
      decision: record.decision,
      reason: record.reason,
      reasonText: record.reasonText,
      amountUsd: formatUsd(record.amountMicroUsd),
    });
  }
}
