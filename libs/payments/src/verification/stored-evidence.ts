import { uptimeAggregations } from '#monitoring';

import type { Evidence, Exchange, Terms } from '../assessments/assess.js';
import { decompressReport } from '../assessments/stored-report.js';
import type { StoredAssessment } from './stored-assessment.js';

/** A row that evidence cannot be made from. */
export interface EvidenceFault {
  table: string;
  row: string;
  problem: string;
}

/** Null when a version that the assessment names is gone or cannot be. */
export function storedTerms(stored: StoredAssessment): Terms | null {
  const { threshold_bp, required_services, rate_micro_usd } = stored;
  const aggregation = uptimeAggregations.find((known) => known === stored.aggregation);
  if (
    threshold_bp === null ||
    aggregation === undefined ||
    required_services === null ||
    rate_micro_usd === null
  )
    return null;
  return {
    fromMs: BigInt(stored.period_start.getTime()),
    toMs: BigInt(stored.period_end.getTime()),
    workerAddress: stored.worker_in_force,
    minUptimeBasisPoints: BigInt(threshold_bp),
    aggregation,
    requiredServices: required_services,
    rateMicroUsdPerMinute: rate_micro_usd,
    capability: stored.required_capability,
    exclusive: stored.exclusive_worker,
  };
}

export function storedEvidence(stored: StoredAssessment): Evidence | EvidenceFault {
  const first = exchange('payments.evidence', stored.id, {
    challenge: stored.challenge,
    receivedAt: stored.received_at,
    latencyMs: stored.latency_ms,
    report: stored.report,
  });
  if (first === null) return evidenceWithoutReport(stored);
  const second = exchange('payments.second_evidence', stored.id, {
    challenge: stored.second_challenge,
    receivedAt: stored.second_received_at,
    latencyMs: stored.second_latency_ms,
    report: stored.second_report,
  });
  if (second === null || 'problem' in first) return first;
  return 'problem' in second ? second : { ...first, second };
}

interface StoredExchange {
  challenge: Buffer | null;
  receivedAt: Date | null;
  latencyMs: number | null;
  report: Buffer | null;
}

function exchange(
  table: string,
  assessmentId: string,
  { challenge, receivedAt, latencyMs, report }: StoredExchange,
): Exchange | EvidenceFault | null {
  if (challenge === null || receivedAt === null || latencyMs === null || report === null) return null;
  try {
    return {
      kind: 'report',
      signed: decompressReport(report),
      challenge: `0x${challenge.toString('hex')}`,
      receivedAtMs: BigInt(receivedAt.getTime()),
      latencyMs,
    };
  } catch {
    return { table, row: `assessment_id=${assessmentId}`, problem: 'its report cannot be unpacked' };
  }
}

function evidenceWithoutReport({
  id,
  reason,
  status_in_force: status,
}: StoredAssessment): Evidence | EvidenceFault {
  const fault = (problem: string): EvidenceFault => ({
    table: 'payments.assessment',
    row: `id=${id}`,
    problem,
  });
  if (reason === 'no_evidence') return { kind: 'none', detail: '' };
  if (reason !== 'orchestrator_paused') return fault('has no evidence');
  return status === 'paused' ? { kind: 'paused' } : fault('is unpaid because of a pause, but there was none');
}
