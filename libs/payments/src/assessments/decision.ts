import { floorPercentage } from '#monitoring';

import type { Evidence, Judgement, Terms } from './assess.js';
import type { AssessmentRecord } from './assessment.js';
import type { DuePeriod } from './due-periods.js';

/** A judged period on its way into the database. */
export interface Decision {
  due: DuePeriod;
  evidence: Evidence;
  judgement: Judgement;
  latencyMs: number;
  /** When the evidence was asked for the first time; null when it never was (a paused period). */
  firstAttemptAt: Date | null;
}

export const termsOf = (due: DuePeriod, workerAddress: string | null = due.worker_address): Terms => ({
  fromMs: BigInt(due.period_start.getTime()),
  toMs: BigInt(due.period_end.getTime()),
  workerAddress,
  minUptimeBasisPoints: due.threshold_bp,
  aggregation: due.aggregation,
  requiredServices: due.required_services,
  rateMicroUsdPerMinute: due.micro_usd_per_minute,
});

export const attemptsOf = ({ due, firstAttemptAt }: Decision): number =>
  due.attempts + (firstAttemptAt === null ? 0 : 1);

export function toRecord(decision: Decision, decidedAt: Date): AssessmentRecord {
  const { due, judgement } = decision;
  return {
    id: due.id,
    orchestratorId: due.orchestrator_id,
    orchestratorName: due.name,
    periodStart: due.period_start,
    periodEnd: due.period_end,
    upMs: judgement.uptime?.upMs ?? null,
    windowMs: judgement.uptime?.windowMs ?? null,
    uptimePercentage: judgement.uptime && floorPercentage(judgement.uptime),
    decision: judgement.decision,
    reason: judgement.reason,
    reasonText: judgement.reasonText,
    amountMicroUsd: judgement.amountMicroUsd,
    rateMicroUsdPerMinute: due.micro_usd_per_minute,
    minUptimeBasisPoints: due.threshold_bp,
    workerAddress: judgement.signer,
    attempts: attemptsOf(decision),
    decidedAt,
  };
}
