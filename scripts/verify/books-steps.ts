import { formatUsd } from '#payments';

import type {
  AssessmentAnswer,
  BalanceAnswer,
  DistributorClient,
  PaymentAnswer,
} from './distributor-client.js';
import { StepFailed, StepSkipped } from './step.js';
import type { Step } from './step.js';
import { waitFor } from './waiting.js';
import type { Patience } from './waiting.js';
import { verifyReport } from './worker-steps.js';

export interface BooksFindings {
  assessment: AssessmentAnswer | undefined;
  payment: PaymentAnswer | undefined;
}

export interface BooksSide {
  client: DistributorClient;
  password: string;
  /** The worker that answered the job, when one did: its periods are looked at. */
  signer: () => string | undefined;
  patience: Patience;
}

/** How many of the newest are looked through. */
const newest = '50';

export function booksSteps(side: BooksSide): { steps: Step[]; findings: BooksFindings } {
  const findings: BooksFindings = { assessment: undefined, payment: undefined };
  const steps: Step[] = [
    {
      name: 'distributor',
      needs: [],
      run: async () => {
        await side.client.signIn(side.password);
        return 'signed in';
      },
    },
    { name: 'assessment', needs: ['distributor'], run: () => checkAssessment(side, findings) },
    { name: 'ledger', needs: ['assessment'], run: () => checkLedger(side, findings) },
    { name: 'payout', needs: ['assessment'], run: () => checkPayout(side, findings) },
  ];
  return { steps, findings };
}

export function reconciliationStep(client: DistributorClient): Step {
  return {
    name: 'reconciliation',
    needs: ['distributor'],
    run: async () => {
      const { ok, differences } = await client.reconciliation();
      if (ok) return 'ledger and chain agree, account by account';
      const named = differences.map(
        ({ account, ledger_usd: ledger, chain_usd: chain, detail }) =>
          `${account}: ledger $${ledger}, chain $${chain}${detail === '' ? '' : ` (${detail})`}`,
      );
      throw new StepFailed(named.length === 0 ? 'it was not possible' : named.join('; '));
    },
  };
}

async function checkAssessment(side: BooksSide, findings: BooksFindings): Promise<string> {
  const { client, patience } = side;
  const expected = side.signer();
  const paid = await waitFor(
    'the first paid period',
    async () => {
      const candidates = await client.assessments({ decision: 'paid', limit: newest });
      return candidates.find(({ evidence }) => expected === undefined || signerOf(evidence) === expected);
    },
    patience,
  );
  if (paid === undefined) throw new StepFailed(await whyNothingIsPaid(client, expected));
  const { signer, report } = verifyReport(paid.evidence);
  const [from, to] = [Date.parse(paid.period_start), Date.parse(paid.period_end)];
  if (Number(report.fromMs) !== from || Number(report.toMs) !== to) {
    throw new StepFailed(`the evidence of the period ${paid.period_start} is about another window`);
  }
  if (paid.amount_usd <= 0n) throw new StepFailed(`the period ${paid.period_start} is paid with $0`);
  findings.assessment = paid;
  const uptime = paid.uptime_percentage === null ? '' : `${paid.uptime_percentage.toFixed(2)} % up, `;
  return `period ${paid.period_start} to ${paid.period_end}: ${uptime}$${formatUsd(paid.amount_usd)}, evidence signed by ${signer}`;
}

async function whyNothingIsPaid(client: DistributorClient, expected: string | undefined): Promise<string> {
  const all = await client.assessments({ limit: newest });
  const own = all.filter(({ evidence }) => expected === undefined || signerOf(evidence) === expected);
  const [last] = own.length > 0 ? own : all;
  if (last === undefined)
    return 'no period has been judged yet: is an orchestrator recorded, and did a period end since?';
  if (last.decision === 'paid')
    return `periods are paid, but none by evidence of the worker ${expected ?? ''}`;
  const reason = last.reason_text ?? last.reason ?? 'no reason given';
  return `no period was paid; the newest, ${last.period_start}, is ${last.decision}: ${reason}`;
}

async function checkLedger({ client }: BooksSide, { assessment }: BooksFindings): Promise<string> {
  const balances = await client.balances();
  const wrong = balances.find((balance) => differenceOf(balance) !== 0n);
  if (wrong !== undefined) {
    throw new StepFailed(
      `the books of ${wrong.orchestrator_id} do not add up: accrued + adjusted differs from payable + in settlement + paid by $${formatUsd(differenceOf(wrong))}`,
    );
  }
  const own = balances.find(({ orchestrator_id: id }) => id === assessment?.orchestrator_id);
  if (own === undefined) throw new StepFailed('the paid orchestrator has no balance');
  if (own.accrued_usd < (assessment?.amount_usd ?? 0n)) {
    throw new StepFailed(`accrued $${formatUsd(own.accrued_usd)} is less than the paid period`);
  }
  return (
    `accrued $${formatUsd(own.accrued_usd)} + adjusted $${formatUsd(own.adjusted_usd)} = payable $${formatUsd(own.payable_usd)}` +
    ` + in settlement $${formatUsd(own.in_settlement_usd)} + paid $${formatUsd(own.paid_usd)}`
  );
}

function differenceOf(balance: BalanceAnswer): bigint {
  const { accrued_usd, adjusted_usd, payable_usd, in_settlement_usd, paid_usd } = balance;
  return accrued_usd + adjusted_usd - payable_usd - in_settlement_usd - paid_usd;
}

async function checkPayout({ client, patience }: BooksSide, findings: BooksFindings): Promise<string> {
  const owner = { orchestrator_id: findings.assessment?.orchestrator_id ?? '' };
  const newestPayment = async (): Promise<PaymentAnswer | undefined> =>
    (await client.payments({ ...owner, limit: '1' }))[0];
  const paid = await waitFor(
    'the first final payout',
    async () => {
      const [final] = await client.payments({ ...owner, status: 'paid', limit: '1' });
      if (final === undefined && (await newestPayment())?.method === 'ledger') {
        throw new StepSkipped(
          'payouts are of method ledger: a person pays them outside and marks them as paid',
        );
      }
      return final;
    },
    patience,
  );
  if (paid === undefined) {
    const last = await newestPayment();
    throw new StepFailed(
      last === undefined
        ? 'there is no payout yet: settlement has its own interval and minimum, and an orchestrator needs a payout address'
        : `no payout is final; the newest, $${formatUsd(last.amount_usd)}, is ${last.status}`,
    );
  }
  findings.payment = paid;
  return `$${formatUsd(paid.amount_usd)} to ${paid.payout_address ?? 'no address'} by ${paid.method}, payout ${paid.id}`;
}

function signerOf(evidence: unknown): string | undefined {
  try {
    return verifyReport(evidence).signer;
  } catch {
    return undefined;
  }
}
