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
import { contradiction } from './contradiction.js';
import type { ReasonCode } from './reason.js';
import { stackFault, stackOf, type StackPart } from './stack.js';

/** A report issued further than this from the time it arrived is not about now. */
export const MAX_CLOCK_SKEW_MS = 30_000n;

/** A question that was answered with a report. */
export interface Exchange {
  kind: 'report';
  /** The JSON of the wire, not looked at. */
  signed: unknown;
  /** The same as it arrived and is kept; nothing is decided from it. */
  text?: string;
  challenge: Hex;
  receivedAtMs: bigint;
  /** From the question to the answer; zero unless given. */
  latencyMs?: number;
}

/** What is known about one period of one orchestrator when it is decided. */
export type Evidence =
  /** `second`: the answer to a second question about the same period, where one was asked and answered. */
  (Exchange & { second?: Exchange }) | { kind: 'none'; detail: string } | { kind: 'paused' };

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
  /** What the worker must offer; null: anything will do. */
  capability: string | null;
  /** Whether a worker, a container and an Engine belong to one payee (not with ALLOW_SHARED_WORKERS). */
  exclusive: boolean;
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
  /** How far the worker's clock was ahead (below zero: behind); null without a report that the worker signed. */
  clockSkewMs: bigint | null;
  /** What the payee claims for itself alone; empty unless paid. */
  stack: readonly StackPart[];
}

type Known = Partial<Pick<Judgement, 'uptime' | 'signer' | 'clockSkewMs'>>;

const unpaid = (reason: ReasonCode, reasonText: string, known: Known = {}): Judgement => ({
  decision: 'unpaid',
  reason,
  reasonText,
  uptime: null,
  signer: null,
  clockSkewMs: null,
  amountMicroUsd: 0n,
  stack: [],
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

/** A report that its worker signed about this period, in answer to this question. */
interface Sound {
  report: UptimeReport;
  known: { signer: string; clockSkewMs: bigint };
}

function assessReport(evidence: Exchange & { second?: Exchange }, terms: Terms): Judgement {
  const first = soundness(evidence, terms);
  if ('decision' in first) return first;
  const difference = evidence.second ? equivocation(first, evidence.second, terms) : null;
  if (difference !== null) {
    const text = `Asked twice, the worker signed two reports about this period that cannot both be true: ${difference}.`;
    return unpaid('equivocation', text, first.known);
  }
  const fault = terms.exclusive ? stackFault(first.report, terms.requiredServices) : null;
  if (fault) return unpaid(fault.reason, fault.text, first.known);
  return assessUptime(first, terms);
}

/** A second answer that does not hold by itself says nothing about the first. */
function equivocation(first: Sound, exchange: Exchange, terms: Terms): string | null {
  const second = soundness(exchange, { ...terms, workerAddress: first.known.signer });
  return 'decision' in second ? null : contradiction(first.report, second.report);
}

function soundness(exchange: Exchange, terms: Terms): Sound | Judgement {
  let signed: SignedReport;
  try {
    signed = parseSignedReport(exchange.signed);
  } catch (error) {
    if (!(error instanceof MalformedReportError)) throw error;
    return unpaid('malformed_report', error.message);
  }
  const { report } = signed;
  let signer: string;
  try {
    signer = recoverReportSigner(signed);
  } catch (error) {
    if (!(error instanceof InvalidSignatureError)) throw error;
    return unpaid('bad_signature', `The signature does not belong to this report. ${error.message}.`);
  }
  if (terms.workerAddress !== null && signer !== terms.workerAddress) {
    const text = `The report was signed by ${signer}, not by ${terms.workerAddress}.`;
    return unpaid('wrong_worker', text, { signer });
  }
  const known = { signer, clockSkewMs: clockSkewMs(report, exchange) };
  const fault = faultOf(report, exchange.challenge, terms);
  if (fault) return unpaid(fault.reason, fault.text, { signer });
  return isSkewed(known.clockSkewMs)
    ? unpaid('clock_skew', describeSkew(known.clockSkewMs), known)
    : { report, known };
}

/** A report is issued between the question and its arrival: what lies outside is the clock's fault. */
function clockSkewMs({ issuedAtMs }: UptimeReport, { receivedAtMs, latencyMs = 0 }: Exchange): bigint {
  const askedAtMs = receivedAtMs - BigInt(latencyMs);
  if (issuedAtMs > receivedAtMs) return issuedAtMs - receivedAtMs;
  return issuedAtMs < askedAtMs ? issuedAtMs - askedAtMs : 0n;
}

const isSkewed = (skewMs: bigint): boolean => skewMs > MAX_CLOCK_SKEW_MS || skewMs < -MAX_CLOCK_SKEW_MS;

const describeSkew = (skewMs: bigint): string =>
  `The worker's clock is ${skewMs > 0n ? skewMs : -skewMs} ms ${skewMs > 0n ? 'ahead' : 'behind'}; ` +
  `at most ${MAX_CLOCK_SKEW_MS} ms are tolerated.`;

function faultOf(
  report: UptimeReport,
  challenge: Hex,
  { fromMs, toMs, capability }: Terms,
): { reason: ReasonCode; text: string } | null {
  if (report.challenge !== challenge) {
    return { reason: 'stale_challenge', text: 'The report does not answer the challenge: it is not fresh.' };
  }
  if (report.fromMs !== fromMs || report.toMs !== toMs) {
    return {
      reason: 'wrong_window',
      text: `The report is about ${toIsoTime(report.fromMs)} to ${toIsoTime(report.toMs)}, not about this period.`,
    };
  }
  if (capability !== null && report.capability !== capability) {
    const text = `The report speaks for the capability ${report.capability}, not for ${capability}.`;
    return { reason: 'wrong_capability', text };
  }
  return null;
}

function assessUptime({ report, known }: Sound, terms: Terms): Judgement {
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
      ...known,
      stack: terms.exclusive ? stackOf(report, requiredServices) : [],
    };
  }
  const outages = describeOutages(report, requiredServices);
  if (missing.length > 0) {
    const text = `${up}, not above ${threshold}: the report lacks ${missing.join(', ')}${outages && `; ${outages}`}.`;
    return unpaid('missing_services', text, { uptime, ...known });
  }
  return unpaid('below_threshold', `${up}, not above ${threshold}: ${outages || 'nothing was up'}.`, {
    uptime,
    ...known,
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
