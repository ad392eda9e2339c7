import type { ComponentChildren } from 'preact';
import type { Assessment } from '../api/shapes.js';
import { percent, time } from '../format.js';
import { Amount, Pill } from '../parts/facts.js';
import { Table } from '../parts/table.js';
import { decisionTones, reasonWords } from '../words.js';

const words = { paid: 'Paid', unpaid: 'Unpaid', pending: 'Pending' };

export const decisionChoices = [
  ['', 'All'],
  ['unpaid', 'Unpaid'],
  ['paid', 'Paid'],
  ['pending', 'Pending'],
] as const;
export type Decision = (typeof decisionChoices)[number][0];

/** Each judged period with its reason in plain words. */
export const PeriodTable = ({
  periods,
  evidenceOf,
}: {
  periods: readonly Assessment[];
  evidenceOf?: (period: Assessment) => ComponentChildren;
}) => (
  <Table
    caption="Periods"
    rows={periods}
    keyOf={(row) => row.id}
    empty="No such period has been judged."
    columns={[
      { label: 'Period from', class: 'time', cell: (row) => time(row.period_start) },
      {
        label: 'Decision',
        cell: (row) => <Pill tone={decisionTones[row.decision] ?? 'unknown'}>{words[row.decision]}</Pill>,
      },
      { label: 'Uptime', class: 'number', cell: (row) => percent(row.uptime_percentage) },
      {
        label: 'Reason',
        class: 'reason',
        cell: (row) => (
          <>
            {row.reason_text}
            {row.reason !== null && <span class="muted why-code"> ({reasonWords(row.reason)})</span>}
          </>
        ),
      },
      { label: 'Rate', class: 'number', cell: (row) => <Amount usd={row.rate_usd_per_minute} /> },
      { label: 'Amount', class: 'number', cell: (row) => <Amount usd={row.amount_usd} /> },
      ...(evidenceOf === undefined ? [] : [{ label: 'Evidence', cell: evidenceOf }]),
    ]}
  />
);
