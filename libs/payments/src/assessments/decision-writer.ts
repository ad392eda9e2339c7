import type { Database } from '#platform';
import { FactLogger, toIsoTime } from '#platform';

import type { AuditLog } from '../audit/audit-log.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import type { AssessmentRecord } from './assessment.js';
import type { Decision } from './decision.js';
import { pinWorker } from './pin-worker.js';
import { recordDecisions } from './record-decisions.js';

/** Decisions in one transaction at most. */
const MAX_BATCH = 500;

/**
 * Writes decisions as they come in, those that come in while a transaction runs together in the next one. A decision
 * that cannot be written is logged and judged again when its lease is over.
 */
export class DecisionWriter {
  private readonly log = new FactLogger('assessments');
  private readonly queue: Decision[] = [];
  private readonly written: AssessmentRecord[] = [];
  private writing: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    private readonly allowSharedWorkers: boolean,
  ) {}

  add(decision: Decision): void {
    this.queue.push(decision);
    this.writing ??= this.drain();
  }

  /** Everything that was added and written by this writer, once nothing is left to write. */
  async finish(): Promise<AssessmentRecord[]> {
    while (this.writing) await this.writing;
    return this.written;
  }

  private async drain(): Promise<void> {
    // Lets decisions of the same turn of the event loop gather.
    await Promise.resolve();
    while (this.queue.length > 0) await this.write(this.queue.splice(0, MAX_BATCH));
    this.writing = undefined;
  }

  private async write(batch: readonly Decision[]): Promise<void> {
    try {
      await this.commit(batch);
    } catch (error) {
      if (batch.length === 1) {
        this.log.error('assessment not stored', error, { assessmentId: batch[0]?.due.id });
        return;
      }
      // One that cannot be stored must not hold the others back.
      for (const decision of batch) await this.write([decision]);
    }
  }

  private async commit(batch: readonly Decision[]): Promise<void> {
    const { records, overlapping } = await this.database.transaction(async (tx) => {
      const pinned: Decision[] = [];
      for (const decision of batch) {
        pinned.push(await pinWorker(tx, decision, this.audit, this.allowSharedWorkers));
      }
      return recordDecisions(tx, pinned, {
        ledger: this.ledger,
        exclusiveWorkers: !this.allowSharedWorkers,
      });
    });
    for (const { due } of overlapping) {
      this.log.warn('period dropped, its time has been assessed before', {
        orchestratorId: due.orchestrator_id,
        periodStart: due.period_start.toISOString(),
      });
    }
    for (const record of records) this.announce(record);
    this.written.push(...records);
  }

  private announce(record: AssessmentRecord): void {
    this.log.info('period assessed', {
      assessmentId: record.id,
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
