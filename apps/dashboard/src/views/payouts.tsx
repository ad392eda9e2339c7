import { useState } from 'preact/hooks';
import { payoutPage, payoutStateSchema, type Payout, treasurySchema } from '../api/shapes.js';
import { download } from '../api/client.js';
import { time } from '../format.js';
import { useNames } from '../names.js';
import { useAnswer, useHouse, useMayChange } from '../house.js';
import { Amount, Choice, Hash, Pill, Shown } from '../parts/facts.js';
import { Table } from '../parts/table.js';
import { payoutTones, payoutWords } from '../words.js';
import { PauseBar } from './pause.js';

const filters = [
  ['', 'All'],
  ['held', 'Held'],
  ['reserved', 'Reserved'],
  ['sent', 'Sent'],
  ['mined', 'Mined'],
  ['paid', 'Paid'],
] as const;

export function PayoutsView() {
  const { session } = useHouse();
  const mayChange = useMayChange();
  const [status, setStatus] = useState<(typeof filters)[number][0]>('');
  const payouts = useAnswer(`payments?limit=100${status === '' ? '' : `&status=${status}`}`, {
    schema: payoutPage,
    topics: ['payouts'],
  });
  const state = useAnswer('payouts', { schema: payoutStateSchema, topics: ['changes'] });
  const treasury = useAnswer('treasury', { schema: treasurySchema });
  const nameOf = useNames();
  return (
    <>
      <div class="head">
        <div>
          <h1>Payouts</h1>
          <p>The newest hundred. The file has all of them.</p>
        </div>
        {mayChange && state.data !== null && <PauseBar state={state.data} onChanged={state.reload} />}
      </div>
      <div class="actions">
        <Choice label="Which payouts" value={status} of={filters} onChoose={setStatus} />
        <button
          type="button"
          class="button"
          onClick={() =>
            void download('payments', 'payments.csv', { token: session?.token ?? null, accept: 'text/csv' })
          }
        >
          Download CSV
        </button>
      </div>
      <Shown answer={payouts}>
        {({ items }) => (
          <PayoutTable payouts={items} nameOf={nameOf} explorer={treasury.data?.explorer_url ?? null} />
        )}
      </Shown>
    </>
  );
}

interface PayoutTableProps {
  payouts: readonly Payout[];
  nameOf?: (id: string) => string;
  explorer: string | null;
  linkOf?: (id: string) => string;
}

export const PayoutTable = ({
  payouts,
  nameOf,
  explorer,
  linkOf = (id) => `#/payouts/${id}`,
}: PayoutTableProps) => (
  <Table
    caption="Payouts"
    rows={payouts}
    keyOf={(row) => row.id}
    empty="No payout yet."
    columns={[
      { label: 'Made', class: 'time', cell: (row) => <a href={linkOf(row.id)}>{time(row.created_at)}</a> },
      ...(nameOf === undefined
        ? []
        : [{ label: 'Orchestrator', cell: (row: Payout) => nameOf(row.orchestrator_id) }]),
      {
        label: 'State',
        cell: (row) => (
          <Pill tone={payoutTones[row.status] ?? 'unknown'}>{payoutWords[row.status] ?? row.status}</Pill>
        ),
      },
      { label: 'To', cell: (row) => <Hash hex={row.payout_address} explorer={explorer} /> },
      { label: 'Tx', cell: (row) => <Hash hex={row.tx_hash} explorer={explorer} kind="tx" /> },
      { label: 'Block', class: 'number', cell: (row) => row.block_number },
      { label: 'Amount', class: 'number', cell: (row) => <Amount usd={row.amount_usd} /> },
    ]}
  />
);
