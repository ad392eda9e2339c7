import { useState } from 'preact/hooks';
import { balancePage, earningsSchema, payoutStateSchema, treasurySchema } from '../api/shapes.js';
import type * as z from 'zod/mini';
import { dollars, microUsd, plural, roundDollars } from '../format.js';
import { useNames } from '../names.js';
import { useAnswer, useMayChange } from '../house.js';
import { BarsChart } from '../parts/bars-chart.js';
import { Amount, Choice, Hash, Section, Shown } from '../parts/facts.js';
import { Table } from '../parts/table.js';
import { BalanceTiles } from './balance-tiles.js';
import { PauseBar } from './pause.js';

/** Where the money is: earned, owed, on its way, paid; and how long what is there will last. */
export function MoneyView() {
  const [by, setBy] = useState<'hour' | 'day'>('hour');
  const mayChange = useMayChange();
  const balances = useAnswer('balances', {
    schema: balancePage,
    topics: ['assessments', 'payouts', 'changes'],
  });
  const earnings = useAnswer(`history/earnings?by=${by}`, { schema: earningsSchema, topics: ['history'] });
  const treasury = useAnswer('treasury', { schema: treasurySchema, topics: ['payouts'], everyMs: 30_000 });
  const payouts = useAnswer('payouts', { schema: payoutStateSchema, topics: ['changes'] });
  const nameOf = useNames();
  return (
    <>
      <div class="head">
        <div>
          <h1>Money</h1>
          <p>{payouts.data === null ? '' : settlementWords(payouts.data)}</p>
        </div>
        {mayChange && payouts.data !== null && <PauseBar state={payouts.data} onChanged={payouts.reload} />}
      </div>
      <Shown answer={balances}>{({ items }) => <BalanceTiles of={items} />}</Shown>
      <Section
        title="Earned"
        about={
          by === 'hour' ? 'Each hour of the last two days, in your time' : 'Each UTC day of the last thirty'
        }
        actions={
          <Choice
            label="Length of a bar"
            value={by}
            of={[
              ['hour', 'Hours'],
              ['day', 'Days'],
            ]}
            onChoose={setBy}
          />
        }
      >
        <Shown answer={earnings}>
          {(data) => <BarsChart earned={data.buckets} by={data.by} label={`Earned per ${data.by}`} />}
        </Shown>
      </Section>
      <Section title="Treasury and gas">
        <Shown answer={treasury}>{(data) => <Treasury data={data} />}</Shown>
      </Section>
      <Section title="Balances" about="Earned and corrected = owed + on its way + paid, always.">
        <Shown answer={balances}>
          {({ items }) => (
            <Table
              caption="Balances"
              rows={items}
              keyOf={(row) => row.orchestrator_id}
              empty="Nobody is owed anything."
              columns={[
                {
                  label: 'Orchestrator',
                  cell: (row) => (
                    <a href={`#/orchestrators/${row.orchestrator_id}`}>{nameOf(row.orchestrator_id)}</a>
                  ),
                },
                { label: 'Earned', class: 'number', cell: (row) => <Amount usd={row.accrued_usd} /> },
                { label: 'Corrected', class: 'number', cell: (row) => <Amount usd={row.adjusted_usd} /> },
                { label: 'Owed', class: 'number', cell: (row) => <Amount usd={row.payable_usd} /> },
                {
                  label: 'On its way',
                  class: 'number',
                  cell: (row) => <Amount usd={row.in_settlement_usd} />,
                },
                { label: 'Paid', class: 'number', cell: (row) => <Amount usd={row.paid_usd} /> },
              ]}
            />
          )}
        </Shown>
      </Section>
    </>
  );
}

function settlementWords({
  method,
  interval_seconds: seconds,
  max_payout_usd: most,
}: z.output<typeof payoutStateSchema>): string {
  if (method === 'ledger') return 'Kept in the ledger; payouts are made by hand.';
  const bound = most === null ? '' : `, at most ${dollars(microUsd(most))} in one payout`;
  return `Settled on the chain (${method.toUpperCase()}) every ${seconds} s${bound}.`;
}

function lasting(hours: number | null): string {
  if (hours === null) return 'Nothing was used lately';
  if (hours >= 24 * 365) return 'Lasts more than a year';
  return hours >= 48 ? `Lasts ${Math.floor(hours / 24)} days` : `Lasts ${plural(hours, 'hour')}`;
}

function Treasury({ data }: { data: z.output<typeof treasurySchema> }) {
  if (data.treasury_address === null)
    return (
      <p class="empty">No chain is configured: payouts wait in the ledger until they are marked as paid.</p>
    );
  return (
    <>
      {data.state !== 'ready' && (
        <p class="notice">
          The chain is {data.state}
          {data.detail === null ? '' : `: ${data.detail}`}.
        </p>
      )}
      {data.waits_for !== null && <p class="notice">Signing waits for: {data.waits_for}.</p>}
      <dl class="tiles card">
        <div>
          <dt>Treasury</dt>
          <dd>
            {data.treasury_usd === null ? 'unknown' : roundDollars(microUsd(data.treasury_usd))}
            {data.treasury_usd !== null && <small>{lasting(data.pay_hours)}</small>}
          </dd>
        </div>
        <div>
          <dt>Of it owed</dt>
          <dd>
            {data.owed_usd === null ? 'unknown' : roundDollars(microUsd(data.owed_usd))}
            {data.pay_per_hour_usd !== null && (
              <small>{roundDollars(microUsd(data.pay_per_hour_usd))} earned an hour</small>
            )}
          </dd>
        </div>
        <div>
          <dt>Gas</dt>
          <dd>
            {data.gas_eth === null ? 'unknown' : `${data.gas_eth} ETH`}
            {data.gas_eth !== null && <small>{lasting(data.gas_hours)}</small>}
          </dd>
        </div>
        <div>
          <dt>Addresses</dt>
          <dd>
            <small>
              Treasury <Hash hex={data.treasury_address} explorer={data.explorer_url} />
            </small>
            <small>
              Gas <Hash hex={data.gas_payer_address} explorer={data.explorer_url} />
            </small>
            <small>
              Token <Hash hex={data.token_address} explorer={data.explorer_url} />
            </small>
          </dd>
        </div>
      </dl>
    </>
  );
}
