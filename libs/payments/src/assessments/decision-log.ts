import { FactLogger, toIsoTime } from '#platform';

import { formatUsd } from '../money/micro-usd.js';
import type { AssessmentRecord } from './assessment.js';

/** A payer of more orchestrators than this reads the API, not a line for every minute of each. */
const MOST_PAID_LINES = 100;

/** Of many paid periods so many share a line, which stays below the 16 KiB at which Docker cuts lines. */
const PERIODS_PER_LINE = 100;

/** What the log says of decisions. A paid one carries the id of the payout that its pay will leave with. */
export class DecisionLog {
  constructor(private readonly log: FactLogger) {}

  /**
   * Every period by itself as long as somebody can read that; of many, the paid ones in lines that hold no more than the
   * ids by which a payout is traced back.
   * @param payoutIds by orchestrator
   */
  write(records: readonly AssessmentRecord[], payoutIds: ReadonlyMap<string, string>): void {
    const paid = records.filter(({ decision }) => decision === 'paid');
    const areMany = paid.length > MOST_PAID_LINES;
    for (const record of areMany ? records.filter(({ decision }) => decision !== 'paid') : records) {
      this.writeOne(record, record.decision === 'paid' ? payoutIds.get(record.orchestratorId) : undefined);
    }
    if (!areMany) return;
    for (let start = 0; start < paid.length; start += PERIODS_PER_LINE) {
      const some = paid.slice(start, start + PERIODS_PER_LINE);
      this.log.info('periods assessed', {
        decision: 'paid',
        periods: some.length,
        amountUsd: formatUsd(some.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0n)),
        assessments: some.map(({ id, orchestratorId }) => ({
          assessmentId: id,
          payoutId: payoutIds.get(orchestratorId),
        })),
      });
    }
  }

  private writeOne(record: AssessmentRecord, payoutId: string | undefined): void {
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
