import type { Judgement } from '../assessments/assess.js';
import type { ReasonCode } from '../assessments/reason.js';
import { formatUsd } from '../money/micro-usd.js';

/** What an assessment says, as it is stored. */
export interface StoredJudgement {
  decision: string;
  reason: string | null;
  upMs: bigint | null;
  windowMs: bigint | null;
  amountMicroUsd: bigint;
  workerAddress: string | null;
}

/** Reasons that no report shows: what another payee had claimed or been paid before. */
const reasonsOfOtherRows: readonly (string | null)[] = [
  'shared_worker',
  'shared_stack',
] satisfies readonly ReasonCode[];

/**
 * What a stored judgement says and the one made anew does not. One that was made because of another payee cannot be made
 * from the evidence alone: there the evidence must give `paid`, and nothing may have been paid.
 */
export function judgementProblems(stored: StoredJudgement, judged: Judgement): string[] {
  const isOfOtherRows =
    judged.decision === 'paid' && stored.decision === 'unpaid' && reasonsOfOtherRows.includes(stored.reason);
  const expected: StoredJudgement = {
    decision: isOfOtherRows ? 'unpaid' : judged.decision,
    reason: isOfOtherRows ? stored.reason : judged.reason,
    upMs: judged.uptime?.upMs ?? null,
    windowMs: judged.uptime?.windowMs ?? null,
    amountMicroUsd: isOfOtherRows ? 0n : judged.amountMicroUsd,
    workerAddress: judged.signer,
  };
  const columns: readonly (readonly [string, Said, Said])[] = [
    ['decision', stored.decision, expected.decision],
    ['reason', stored.reason, expected.reason],
    ['up time', stored.upMs, expected.upMs],
    ['window', stored.windowMs, expected.windowMs],
    ['amount', `$${formatUsd(stored.amountMicroUsd)}`, `$${formatUsd(expected.amountMicroUsd)}`],
    ['worker', stored.workerAddress, expected.workerAddress],
  ];
  return columns
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `its ${what} is ${said(was)}, the evidence says ${said(is)}`);
}

type Said = string | bigint | null;

const said = (value: Said): string => (value === null ? 'none' : value.toString());
