import { floorPercentage } from '#monitoring';

import type { BooksOptions } from '../books/books-options.js';
import { assess, type Evidence, type Judgement, type Terms } from './assess.js';
import type { AssessmentRecord } from './assessment.js';
import type { DuePeriod } from './due-periods.js';
import { JudgedExchange } from './stored-report.js';

/** What a period was judged by, no larger than it will be stored. */
export type JudgedEvidence =
  | Exclude<Evidence, { kind: 'report' }>
  | { kind: 'report'; first: JudgedExchange; second: JudgedExchange | undefined };

export function judgedEvidence(evidence: Evidence): JudgedEvidence {
  if (evidence.kind !== 'report') return evidence;
  const { second } = evidence;
  return {
    kind: 'report',
    first: new JudgedExchange(evidence),
    second: second && new JudgedExchange(second),
  };
}

/** A judged period on its way into the database. */
export interface Decision {
  due: DuePeriod;
  evidence: JudgedEvidence;
  judgement: Judgement;
  /** When the evidence was asked for the first time; null when it never was (a paused period). */
  firstAttemptAt: Date | null;
}

/** What the process says about all periods. */
export interface HouseRules {
  capability: string | null;
  exclusive: boolean;
}

export const houseRules = ({ allowSharedWorkers, capability }: BooksOptions): HouseRules => ({
  capability: capability ?? null,
  exclusive: !allowSharedWorkers,
});

/** The versions in force, as rows of periods carry them. */
export type TermsRow = Pick<
  DuePeriod,
  | 'period_start'
  | 'period_end'
  | 'worker_address'
  | 'threshold_bp'
  | 'aggregation'
  | 'required_services'
  | 'micro_usd_per_minute'
>;

export const termsOf = (row: TermsRow, rules: HouseRules, workerAddress = row.worker_address): Terms => ({
  fromMs: BigInt(row.period_start.getTime()),
  toMs: BigInt(row.period_end.getTime()),
  workerAddress,
  minUptimeBasisPoints: row.threshold_bp,
  aggregation: row.aggregation,
  requiredServices: row.required_services,
  rateMicroUsdPerMinute: row.micro_usd_per_minute,
  ...rules,
});

/** Judges by what is kept, as whoever verifies the books does. */
export function judgeAgain(
  { due, evidence }: Decision,
  rules: HouseRules,
  workerAddress = due.worker_address,
): Judgement {
  const terms = termsOf(due, rules, workerAddress);
  if (evidence.kind !== 'report') return assess(evidence, terms);
  const { first, second } = evidence;
  const { kind, signed, challenge, receivedAtMs, latencyMs } = first;
  return assess({ kind, signed, challenge, receivedAtMs, latencyMs, ...(second && { second }) }, terms);
}

export const attemptsOf = ({ due, firstAttemptAt }: Decision): number =>
  due.attempts + (firstAttemptAt === null ? 0 : 1);

/** Not paid after all, for a reason that other rows of the books give. */
export const refuse = (
  decision: Decision,
  reason: 'shared_worker' | 'shared_stack',
  reasonText: string,
): Decision => ({
  ...decision,
  judgement: {
    ...decision.judgement,
    decision: 'unpaid',
    reason,
    reasonText,
    amountMicroUsd: 0n,
    stack: [],
  },
});

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
