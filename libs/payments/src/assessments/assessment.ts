import type { ReasonCode } from './reason.js';

/** The judged result for one orchestrator and one period. */
export interface AssessmentRecord {
  id: string;
  orchestratorId: string;
  orchestratorName: string;
  /** Half-open. */
  periodStart: Date;
  periodEnd: Date;
  /** Over all required services: the numbers that were compared. Null without a sound report. */
  upMs: bigint | null;
  windowMs: bigint | null;
  /** For people, floored to two decimals. Null without a sound report. */
  uptimePercentage: number | null;
  decision: 'paid' | 'unpaid' | 'pending';
  reason: ReasonCode | null;
  reasonText: string;
  amountMicroUsd: bigint;
  rateMicroUsdPerMinute: bigint;
  minUptimeBasisPoints: bigint;
  workerAddress: string | null;
  attempts: number;
  decidedAt: Date | null;
}
