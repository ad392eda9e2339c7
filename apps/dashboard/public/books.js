import { element, table } from './dom.js';
import { dollars, microUsd, percent, shortHex, time } from './format.js';

const pill = (word, tone) => element('span', { class: 'pill', 'data-tone': tone }, word);

const decisionTones = { paid: 'up', unpaid: 'down', pending: 'partly' };
const decisionWords = { paid: 'Paid', unpaid: 'Unpaid', pending: 'Pending' };
const payoutTones = { paid: 'up', returned: 'down', held: 'partly' };
const payoutWords = {
  reserved: 'Reserved',
  sent: 'Sent',
  mined: 'Mined',
  paid: 'Paid',
  returned: 'Returned',
  held: 'Held',
};

const hash = (hex) => (hex === null ? null : element('span', { class: 'hash', title: hex }, shortHex(hex)));

/** Nothing stands back, so that the eye finds what is not nothing. */
function amount(text) {
  const value = microUsd(text);
  return value === 0n ? element('span', { class: 'nothing' }, dollars(value)) : dollars(value);
}

export function payoutState({ pause, method, interval_seconds: seconds }) {
  if (pause !== null) {
    return `Paused by ${pause.actor} since ${time(pause.since)}: ${pause.reason}. Pay accrues, nothing is sent.`;
  }
  if (method === 'ledger') return 'Kept in the ledger; payouts are made by hand.';
  return `Settled on the chain (${method.toUpperCase()}) every ${seconds} s.`;
}

export function totals(balances) {
  const sum = (field) => balances.reduce((total, balance) => total + microUsd(balance[field]), 0n);
  const places = [
    ['Earned', 'accrued_usd'],
    ['Owed', 'payable_usd'],
    ['On its way', 'in_settlement_usd'],
    ['Paid', 'paid_usd'],
  ];
  return places.map(([label, field]) =>
    element('div', {}, element('dt', {}, label), element('dd', {}, dollars(sum(field)))),
  );
}

export const balanceTable = (balances, nameOf) =>
  table(
    [
      { label: 'Orchestrator', className: 'name', cell: (row) => nameOf(row.orchestrator_id) },
      { label: 'Earned', className: 'number', cell: (row) => amount(row.accrued_usd) },
      { label: 'Corrections', className: 'number', cell: (row) => amount(row.adjusted_usd) },
      { label: 'Owed', className: 'number', cell: (row) => amount(row.payable_usd) },
      { label: 'On its way', className: 'number', cell: (row) => amount(row.in_settlement_usd) },
      { label: 'Paid', className: 'number', cell: (row) => amount(row.paid_usd) },
    ],
    balances,
    'Nobody is owed anything.',
  );

export const payoutTable = (payouts, nameOf) =>
  table(
    [
      { label: 'Made', className: 'time', cell: (row) => time(row.created_at) },
      { label: 'Orchestrator', className: 'name', cell: (row) => nameOf(row.orchestrator_id) },
      {
        label: 'State',
        cell: (row) => pill(payoutWords[row.status] ?? row.status, payoutTones[row.status] ?? 'unknown'),
      },
      { label: 'To', cell: (row) => hash(row.payout_address) },
      { label: 'Tx', cell: (row) => hash(row.tx_hash) },
      {
        label: 'Block',
        className: 'number',
        cell: (row) => (row.block_number === null ? null : String(row.block_number)),
      },
      { label: 'Amount', className: 'number', cell: (row) => amount(row.amount_usd) },
    ],
    payouts,
    'No payout yet.',
  );

export const periodTable = (assessments, nameOf) =>
  table(
    [
      { label: 'Period from', className: 'time', cell: (row) => time(row.period_start) },
      { label: 'Orchestrator', className: 'name', cell: (row) => nameOf(row.orchestrator_id) },
      { label: 'Uptime', className: 'number', cell: (row) => percent(row.uptime_percentage) },
      { label: 'Decision', cell: (row) => pill(decisionWords[row.decision], decisionTones[row.decision]) },
      { label: 'Reason', className: 'reason', cell: (row) => row.reason_text ?? row.reason },
      { label: 'Amount', className: 'number', cell: (row) => amount(row.amount_usd) },
    ],
    assessments,
    'No period has been judged yet.',
  );
