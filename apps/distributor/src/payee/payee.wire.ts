import type { Assessment, Balance, Orchestrator } from '#payments';
import { z } from 'zod';
import {
  address,
  identifier,
  iso,
  money,
  pageOf,
  pageQuery,
  percentage,
  percentOf,
  time,
  timeInput,
  usd,
} from '../rest/wire.js';

const decision = z.enum(['paid', 'unpaid', 'pending'], 'must be paid, unpaid or pending');

export const ownSchema = z
  .object({
    address: address().meta({ description: 'Who has signed in' }),
    period_seconds: z.int().meta({ description: 'Length of a period', example: 60 }),
    explorer_url: z
      .string()
      .nullable()
      .meta({ description: 'Where the chain can be looked at', example: 'https://arbiscan.io' }),
    orchestrators: z.array(
      z.object({
        id: identifier(),
        name: z.string().meta({ example: 'orchestrator-1' }),
        status: z.string().meta({ description: 'active, paused or archived', example: 'active' }),
        payout_address: address().nullable(),
        worker_address: address().nullable(),
        rate_usd_per_minute: money(),
        min_uptime: percentage().meta({ description: 'Paid when strictly above, percent', example: 95 }),
        required_services: z.array(z.string()).meta({ example: ['redis_scb'] }),
        balance: z.object({
          orchestrator_id: identifier(),
          accrued_usd: money(),
          adjusted_usd: money(),
          payable_usd: money(),
          in_settlement_usd: money(),
          paid_usd: money(),
        }),
      }),
    ),
  })
  .meta({ id: 'OwnOrchestrators' });

export const ownToWire = (
  record: Orchestrator,
  balance: Balance | undefined,
): z.output<typeof ownSchema>['orchestrators'][number] => ({
  id: record.id,
  name: record.name,
  status: record.status,
  payout_address: record.payoutAddress,
  worker_address: record.workerAddress,
  rate_usd_per_minute: usd(record.rateMicroUsdPerMinute),
  min_uptime: percentOf(record.minUptimeBasisPoints),
  required_services: [...record.requiredServices],
  balance: {
    orchestrator_id: record.id,
    accrued_usd: usd(balance?.accruedMicroUsd ?? 0n),
    adjusted_usd: usd(balance?.adjustedMicroUsd ?? 0n),
    payable_usd: usd(balance?.payableMicroUsd ?? 0n),
    in_settlement_usd: usd(balance?.inSettlementMicroUsd ?? 0n),
    paid_usd: usd(balance?.paidMicroUsd ?? 0n),
  },
});

const periodFields = {
  id: identifier(),
  orchestrator_id: identifier(),
  period_start: time(),
  period_end: time(),
  uptime_percentage: percentage().nullable().meta({ description: 'null without a sound report' }),
  decision,
  reason: z.string().nullable().meta({ description: 'Code; null when paid', example: 'below_threshold' }),
  reason_text: z.string().meta({ example: 'autogen_agent was down for 31.2 s' }),
  amount_usd: money(),
  rate_usd_per_minute: money(),
};

export const ownPeriodSchema = z.object(periodFields).meta({ id: 'OwnPeriod' });
export const ownPeriodPage = pageOf(ownPeriodSchema, 'OwnPeriodPage');
export const ownPeriodQuery = z.object({
  ...pageQuery,
  from: timeInput().optional().meta({ description: 'Periods that start at or after' }),
  to: timeInput().optional().meta({ description: 'Periods that start before' }),
  decision: decision.optional().meta({ description: 'So decided only' }),
});

export const periodToWire = (assessment: Assessment): z.output<typeof ownPeriodSchema> => ({
  id: assessment.id,
  orchestrator_id: assessment.orchestratorId,
  period_start: iso(assessment.periodStart),
  period_end: iso(assessment.periodEnd),
  uptime_percentage: assessment.uptimePercentage,
  decision: assessment.decision,
  reason: assessment.reason,
  reason_text: assessment.reasonText,
  amount_usd: usd(assessment.amountMicroUsd),
  rate_usd_per_minute: usd(assessment.rateMicroUsdPerMinute),
});

export const ownEvidenceSchema = z
  .object({
    ...periodFields,
    min_uptime: percentage().meta({ description: 'Paid when strictly above, percent', example: 95 }),
    worker_address: address().nullable().meta({ description: 'Who signed it' }),
    challenge: z
      .string()
      .nullable()
      .meta({ description: 'What the report had to repeat', example: `0x${'0'.repeat(64)}` }),
    received_at: time().nullable(),
    evidence: z.unknown().meta({ description: 'The signed report as it came; null without one' }),
  })
  .meta({ id: 'OwnEvidence' });

export const evidenceToWire = (assessment: Assessment): z.output<typeof ownEvidenceSchema> => ({
  ...periodToWire(assessment),
  min_uptime: percentOf(assessment.minUptimeBasisPoints),
  worker_address: assessment.workerAddress,
  challenge: assessment.exchange?.challenge ?? null,
  received_at: assessment.exchange === null ? null : iso(assessment.exchange.receivedAt),
  evidence: assessment.evidence,
});

export const ownPaymentQuery = z.object(pageQuery);
