import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { anything, payoutDetailSchema, treasurySchema } from '../api/shapes.js';
import type * as z from 'zod/mini';
import { dollars, microUsd, time } from '../format.js';
import { useNames } from '../names.js';
import { useAnswer, useAsk, useMayChange } from '../house.js';
import { Hash, Pill, Section, Shown } from '../parts/facts.js';
import { Dialog, Field } from '../parts/form.js';
import { Table } from '../parts/table.js';
import { payoutTones, payoutWords } from '../words.js';

type Payout = z.output<typeof payoutDetailSchema>;

/** One payout, from its reservation to its final block. */
export function PayoutView({ id }: { id: string }) {
  const payout = useAnswer(`payments/${id}`, { schema: payoutDetailSchema, topics: ['payouts'] });
  const treasury = useAnswer('treasury', { schema: treasurySchema });
  const mayChange = useMayChange();
  const nameOf = useNames();
  return (
    <>
      <p>
        <a href="#/payouts">All payouts</a>
      </p>
      <Shown answer={payout}>
        {(data) => (
          <PayoutDetail
            data={data}
            who={nameOf(data.orchestrator_id)}
            explorer={treasury.data?.explorer_url ?? null}
            actions={mayChange ? <PayoutActions data={data} onChanged={payout.reload} /> : null}
          />
        )}
      </Shown>
    </>
  );
}

const gwei = (wei: string): string =>
  `${(Number(BigInt(wei) / 1_000_000n) / 1_000).toLocaleString('en-US')} gwei`;

const sendWords: Record<string, string> = {
  signed: 'signed, not sent',
  maybe_sent: 'sent, not answered',
  accepted: 'accepted by a node',
  rejected: 'refused by a node',
};

/** 66 digits side by side are read by nobody: short, with the whole for the pointer and the clipboard. */
const Detail = ({ text }: { text: string }) => (
  <>
    {text
      .split(/(0x[0-9a-f]{64})/)
      .map((part, place) => (place % 2 === 1 ? <Hash key={place} hex={part} /> : part))}
  </>
);

interface DetailProps {
  data: Payout;
  who: string | null;
  explorer: string | null;
  actions: ComponentChildren;
}

export function PayoutDetail({ data, who, explorer, actions }: DetailProps) {
  return (
    <>
      <div class="head">
        <div>
          <h1>
            {dollars(microUsd(data.amount_usd))}{' '}
            <Pill tone={payoutTones[data.status] ?? 'unknown'}>
              {payoutWords[data.status] ?? data.status}
            </Pill>
          </h1>
          <p>
            {who === null ? '' : `For ${who} `}to <Hash hex={data.payout_address} explorer={explorer} />
            {data.tx_hash !== null && (
              <>
                {' '}
                in tx <Hash hex={data.tx_hash} explorer={explorer} kind="tx" />
              </>
            )}
            {data.block_number !== null && <> in block {data.block_number}</>}
          </p>
        </div>
        {actions}
      </div>
      {data.hold_reason !== null && <p class="notice">Held: {data.hold_reason}</p>}
      {data.outside_reference !== null && <p class="done">Paid elsewhere: {data.outside_reference}</p>}
      <Section title="What happened">
        <ol class="timeline card">
          {data.changes.map((change) => (
            <li
              key={`${change.at} ${change.status} ${change.detail}`}
              data-tone={payoutTones[change.status] ?? 'unknown'}
            >
              <span class="time">{time(change.at)}</span>
              <strong>{payoutWords[change.status] ?? change.status}</strong>
              <span>
                <Detail text={change.detail} />
              </span>
            </li>
          ))}
          {!['paid', 'returned'].includes(data.status) && (
            <li class="next" data-tone="none">
              <span class="time">next</span>
              <strong>
                {data.status === 'mined' ? 'Final' : data.status === 'held' ? 'A decision' : 'A block'}
              </strong>
              <span>
                {data.status === 'mined'
                  ? 'It is in a block that could still be replaced; paid is said when it is final.'
                  : data.status === 'held'
                    ? 'Somebody has to let it go or give it back.'
                    : 'It waits to be signed, sent and mined.'}
              </span>
            </li>
          )}
        </ol>
      </Section>
      <Section
        title="Attempts"
        about="Every signed version of the transaction. They share one nonce, so at most one can be mined."
      >
        <Table
          caption="Attempts"
          rows={data.attempts}
          keyOf={(row) => row.tx_hash}
          empty={data.method === 'ledger' ? 'None: it is paid outside the chain.' : 'None yet.'}
          columns={[
            { label: 'Signed', class: 'time', cell: (row) => time(row.signed_at) },
            { label: 'Tx', cell: (row) => <Hash hex={row.tx_hash} explorer={explorer} kind="tx" /> },
            { label: 'Nonce', class: 'number', cell: (row) => row.nonce },
            { label: 'Kind', cell: (row) => (row.kind === 'pay' ? 'payment' : 'cancels the nonce') },
            {
              label: 'Sent',
              cell: (row) =>
                `${sendWords[row.send_state] ?? row.send_state}${row.send_count > 1 ? `, ${row.send_count} times` : ''}`,
            },
            { label: 'Highest fee', class: 'number', cell: (row) => gwei(row.max_fee_wei) },
            { label: 'Said', cell: (row) => row.last_error },
          ]}
        />
      </Section>
    </>
  );
}

function PayoutActions({ data, onChanged }: { data: Payout; onChanged: () => void }) {
  const ask = useAsk();
  const [asking, setAsking] = useState<'release' | 'cancel' | 'mark-paid' | null>(null);
  const close = () => {
    setAsking(null);
  };
  const titles = {
    release: 'Let this payout go',
    cancel: 'Give this payout back',
    'mark-paid': 'Mark as paid elsewhere',
  };
  const notes = {
    release: 'It is signed and sent at the next turn.',
    cancel: 'Its amount becomes payable again, at once or when the chain has proved that it was not paid.',
    'mark-paid': 'The books believe you: say where the payment can be found.',
  };
  return (
    <div class="actions">
      {data.status === 'held' && (
        <button
          type="button"
          class="button primary"
          onClick={() => {
            setAsking('release');
          }}
        >
          Let go …
        </button>
      )}
      {data.status === 'reserved' && data.method === 'ledger' && (
        <button
          type="button"
          class="button primary"
          onClick={() => {
            setAsking('mark-paid');
          }}
        >
          Mark paid …
        </button>
      )}
      {(data.status === 'held' || data.status === 'reserved') && (
        <button
          type="button"
          class="button"
          onClick={() => {
            setAsking('cancel');
          }}
        >
          Give back …
        </button>
      )}
      {asking !== null && (
        <Dialog
          title={titles[asking]}
          submit={titles[asking]}
          danger={asking === 'cancel'}
          onClose={close}
          onSubmit={async ({ reference }) => {
            await ask(`payments/${data.id}/${asking}`, anything, {
              method: 'POST',
              ...(asking === 'mark-paid' && { body: { reference } }),
            });
            onChanged();
          }}
        >
          {(faults) => (
            <>
              <p>{notes[asking]}</p>
              {asking === 'mark-paid' && (
                <Field label="Reference" name="reference" required fault={faults.reference} />
              )}
            </>
          )}
        </Dialog>
      )}
    </div>
  );
}
