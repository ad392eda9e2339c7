import { type BooksSummary, formatUsd } from '#payments';

import type { Terminal } from '../console/terminal.js';

const usd = (microUsd: string): string => `$${formatUsd(BigInt(microUsd))}`;
const line = (name: string, text: string): string => `  ${name.padEnd(14)} ${text}`;

/** What stands in the books, a line each. */
export function describeBooks(books: BooksSummary, { style }: Pick<Terminal, 'style'>): string {
  const wrong = books.accounts_out_of_balance;
  const balances =
    wrong.length === 0
      ? `${style('green', '✔')} agree with the transfers`
      : `${style('red', '✘')} of ${wrong.length === 100 ? '100 accounts or more' : `${wrong.length} accounts`} do not agree with ` +
        `the transfers: ${wrong.slice(0, 5).join(', ')}${wrong.length > 5 ? ', …' : ''}`;
  return [
    line('ledger', `${books.ledger_id}, opened ${books.opened_at}, periods of ${books.period_seconds} s`),
    line('orchestrators', `${books.orchestrators}`),
    line(
      'assessed',
      `until ${books.assessed_until ?? '(nothing yet)'}, ${books.pending_periods} periods pending`,
    ),
    line('entries', `${books.journal_entries}`),
    line('accrued', `${usd(books.accrued_micro_usd)}, adjusted by ${usd(books.adjusted_micro_usd)}`),
    line('payable', usd(books.payable_micro_usd)),
    line('in settlement', `${usd(books.in_settlement_micro_usd)} in ${books.open_payouts} payouts`),
    line('paid', `${usd(books.paid_micro_usd)}, last at ${books.last_paid_at ?? '(never)'}`),
    line('balances', balances),
  ].join('\n');
}

/** What restored books may lack, and what brings it back. */
export function describeLack(books: BooksSummary, takenAt: string): string {
  return [
    `These books end at ${takenAt}. What they lack, and how it comes back:`,
    `  periods        from ${books.assessed_until ?? 'the first one'} on, and ${books.pending_periods} that were pending: a distributor fetches them`,
    '                 from the workers’ journals and decides them by the rates and policies then in force',
    `  payments       after ${books.last_paid_at ?? 'the beginning'}: GET /api/v1/reconciliation names each authorization that the`,
    '                 chain has and these books do not, with amount and recipient. None of them is paid again;',
    '                 npm run books:restore -- --adopt enters them into the books',
    '  changes        of rates, policies, orchestrators and adjustments since then: make them again',
    'Then, as docs/backup.md says: npm run ledger:verify, start the distributor, GET /api/v1/reconciliation, perhaps',
    'npm run books:restore -- --adopt, POST /api/v1/payouts/resume.',
  ].join('\n');
}
