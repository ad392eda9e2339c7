import {
  aggregateUptime,
  floorPercentage,
  InvalidSignatureError,
  isAboveThreshold,
  MalformedReportError,
  parseSignedReport,
  recoverReportSigner,
  type SignedReport,
  type UptimeAggregation,
  type UptimeReport,
} from '#monitoring';
import { type Hex, toIsoTime } from '#platform';

import { rewardMicroUsd } from '../money/reward.js';
import type { ReasonCode } from './reason.js';

/** A report issued further than this from the time it arrived is not about now. */
export const MAX_CLOCK_SKEW_MS = 30_000n;

/** What is known about one period of one orchestrator when it is decided. */
export type Evidence =
  | { kind: 'report'; signed: unknown; challenge: Hex; receivedAtMs: bigint }
  | { kind: 'none'; detail: string }
  | { kind: 'paused' };

/** The versions in force at the start of the period. */
export interface Terms {
  fromMs: bigint;
  toMs: bigint;
  /** Null: the first sound signer will do (and is pinned). */
  workerAddress: string | null;
  minUptimeBasisPoints: bigint;
  aggregation: UptimeAggregation;
  requiredServices: readonly string[];
  rateMicroUsdPerMinute: bigint;
}

export interface Judgement {
  decision: 'paid' | 'unpaid';
  /** Null when paid. */
  reason: ReasonCode | null;
  /** One sentence for people. */
  reasonText: string;
  /** The share that was compared with the threshold; null without a sound report. */
  uptime: { upMs: bigint; windowMs: bigint } | null;
  amountMicroUsd: bigint;
  /** Who signed; null without a sound signature. EIP-55. */
  signer: string | null;
}

const unpaid = (
  reason: ReasonCode,
  reasonText: string,
  known: Partial<Pick<Judgement, 'uptime' | 'signer'>> = {},
): Judgement => ({
  decision: 'unpaid',
  reason,
  reasonText,
  uptime: null,
  signer: null,
  amountMicroUsd: 0n,
  ...known,
});

/**
 * Decides one period from nothing but its evidence and the terms in force: the same input gives the same judgement for
 * ever. Whatever is not proven is not paid.
 */
export function assess(evidence: Evidence, terms: Terms): Judgement {
  switch (evidence.kind) {
    case 'paused':
      return unpaid('orchestrator_paused', 'The orchestrator was paused.');
    case 'none':
      return unpaid('no_evidence', `No report could be had in time: ${evidence.detail}`);
    case 'report':
      return assessReport(evidence, terms);
  }
}

function assessReport(evidence: Extract<Evidence, { kind: 'report' }>, terms: Terms): Judgement {
  let signed: SignedReport;
  try {
    signed = parseSignedReport(evidence.signed);
  } catch (error) {
    if (!(error instanceof MalformedReportError)) throw error;
    return unpaid('malformed_report', `The report is malformed: ${error.message}`);
  }
  let signer: string;
  try {
    signer = recoverReportSigner(signed);
  } catch (error) {
    if (!(error instanceof InvalidSignatureError)) throw error;
    return unpaid('bad_signature', 'The signature does not belong to this report.');
  }
  if (terms.workerAddress !== null && signer !== terms.workerAddress) {
    return unpaid('wrong_worker', `The report was signed by ${signer}, not by ${terms.workerAddress}.`, {
      signer,
    });
  }
  const fault = faultOf(signed.report, evidence, terms);
  if (fault) return unpaid(fault.reason, fault.text, { signer });
  return assessUptime(signed.report, terms, signer);
}

function faultOf(
  report: UptimeReport,
  evidence: { challenge: Hex; receivedAtMs: bigint },
  { fromMs, toMs }: Terms,
): { reason: ReasonCode; text: string } | null {
  if (report.challenge !== evidence.challenge) {
    return { reason: 'stale_challenge', text: 'The report does not answer the challenge: it is not fresh.' };
  }
  if (report.fromMs !== fromMs || report.toMs !== toMs) {
    return {
      reason: 'wrong_window',
      text: `The report is about ${toIsoTime(report.fromMs)} to ${toIsoTime(report.toMs)}, not about this period.`,
    };
  }
  const skewMs = report.issuedAtMs - evidence.receivedAtMs;
  if (skewMs > MAX_CLOCK_SKEW_MS || skewMs < -MAX_CLOCK_SKEW_MS) {
    const direction = skewMs > 0n ? 'ahead' : 'behind';
    return {
      reason: 'clock_skew',
      text: `The worker's clock is ${skewMs > 0n ? skewMs : -skewMs} ms ${direction}; at most ${MAX_CLOCK_SKEW_MS} ms are tolerated.`,
    };
  }
  return null;
}

function assessUptime(report: UptimeReport, terms: Terms, signer: string): Judgement {
  const { minUptimeBasisPoints, requiredServices, aggregation } = terms;
  const windowMs = report.toMs - report.fromMs;
  const { missing, ...uptime } = aggregateUptime(
    { windowMs, services: report.services, allUpMs: report.allUpMs },
    requiredServices,
    aggregation,
  );
  const up = `Up ${floorPercentage(uptime).toFixed(2)} %`;
  const threshold = `${Number(minUptimeBasisPoints) / 100} %`;
  if (isAboveThreshold(uptime, minUptimeBasisPoints)) {
    return {
      decision: 'paid',
      reason: null,
      reasonText: `${up}, above ${threshold}.`,
      uptime,
      amountMicroUsd: rewardMicroUsd(terms.rateMicroUsdPerMinute, terms.fromMs, terms.toMs),
      signer,
    };
  }
  const outages = describeOutages(report, requiredServices);
  if (missing.length > 0) {
    const text = `${up}, not above ${threshold}: the report lacks ${missing.join(', ')}${outages && `; ${outages}`}.`;
    return unpaid('missing_services', text, { uptime, signer });
  }
  return unpaid('below_threshold', `${up}, not above ${threshold}: ${outages || 'nothing was up'}.`, {
    uptime,
    signer,
  });
}

/** `autogen_agent 60000 ms down; redis_scb 1500 ms starting, 200 ms unknown`, worst first. */
function describeOutages(report: UptimeReport, requiredServices: readonly string[]): string {
  const windowMs = report.toMs - report.fromMs;
  return report.services
    .filter(({ name, upMs }) => requiredServices.includes(name) && upMs < windowMs)
    .sort((a, b) => Number(a.upMs - b.upMs))
    .map(({ name, downMs, startingMs, unknownMs }) => {
      const parts = [
        downMs > 0n && `${downMs} ms down`,
        startingMs > 0n && `${startingMs} ms starting`,
        unknownMs > 0n && `${unknownMs} ms unknown`,
      ].filter(Boolean);
      return `${name} ${parts.join(', ')}`;
    })
    .join('; ');
}
