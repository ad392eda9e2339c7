import { useState } from 'preact/hooks';
import {
  assessmentPage,
  balancePage,
  historySchema,
  orchestratorSchema,
  ratePage,
  type Orchestrator,
} from '../api/shapes.js';
import { download } from '../api/client.js';
import { type Span, time } from '../format.js';
import { useAnswer, useHouse, useMayChange } from '../house.js';
import { Amount, Choice, Hash, Pill, Section, Shown } from '../parts/facts.js';
import { Table } from '../parts/table.js';
import { BalanceTiles } from './balance-tiles.js';
import { EarnedBars, HistoryBars } from './history-bars.js';
import { OrchestratorActions } from './orchestrator-actions.js';
import { type Decision, decisionChoices, PeriodTable } from './period-table.js';

/** One orchestrator: its uptime, each period with its reason, what it earned, and its terms. */
export function OrchestratorView({ id }: { id: string }) {
  const { session } = useHouse();
  const mayChange = useMayChange();
  const [by, setBy] = useState<Span>('minute');
  const [decision, setDecision] = useState<Decision>('');
  const record = useAnswer(`orchestrators/${id}`, { schema: orchestratorSchema, topics: ['changes'] });
  const past = useAnswer(`orchestrators/${id}/history?by=${by}`, {
    schema: historySchema,
    topics: ['assessments', 'history'],
  });
  const balances = useAnswer('balances', { schema: balancePage, topics: ['assessments', 'payouts'] });
  const periods = useAnswer(
    `assessments?orchestrator_id=${id}&limit=30&evidence=false${decision === '' ? '' : `&decision=${decision}`}`,
    {
      schema: assessmentPage,
      topics: ['assessments'],
    },
  );
  const balance = balances.data?.items.find((each) => each.orchestrator_id === id);
  return (
    <Shown answer={record}>
      {(data) => (
        <>
          <div class="head">
            <div>
              <h1>
                {data.name} {data.status !== 'active' && <Pill tone="partly">{data.status}</Pill>}
              </h1>
              <p>{data.service_uri}</p>
            </div>
            {mayChange && <OrchestratorActions record={data} onChanged={record.reload} />}
          </div>
          {balance !== undefined && <BalanceTiles of={[balance]} />}
          <HistoryBars answer={past} by={by} onChoose={setBy} />
          <EarnedBars answer={past} by={by} who={data.name} />
          <Section
            title="Periods"
            about="The newest thirty, each with its reason."
            actions={
              <div class="actions">
                <Choice label="Which periods" value={decision} of={decisionChoices} onChoose={setDecision} />
                <button
                  type="button"
                  class="button"
                  onClick={() =>
                    void download(`orchestrators/${id}/statement`, 'statement.csv', {
                      token: session?.token ?? null,
                      accept: 'text/csv',
                    })
                  }
                >
                  Statement (CSV)
                </button>
              </div>
            }
          >
            <Shown answer={periods}>{({ items }) => <PeriodTable periods={items} />}</Shown>
          </Section>
          <Terms record={data} />
        </>
      )}
    </Shown>
  );
}

function Terms({ record }: { record: Orchestrator }) {
  const rates = useAnswer(`rates?orchestrator_id=${record.id}&limit=20`, {
    schema: ratePage,
    topics: ['changes'],
  });
  return (
    <>
      <Section title="Terms in force">
        <dl class="facts card">
          <div>
            <dt>Rate</dt>
            <dd>
              <Amount usd={record.rate_usd_per_minute} /> per minute
            </dd>
          </div>
          <div>
            <dt>Paid when</dt>
            <dd>
              more than {record.min_uptime} % up ({record.aggregation} of {record.required_services.length}{' '}
              services)
            </dd>
          </div>
          <div>
            <dt>Must be up</dt>
            <dd>{record.required_services.join(', ')}</dd>
          </div>
          <div>
            <dt>Worker</dt>
            <dd>
              {record.worker_url ?? 'through the gateway'}, signs as{' '}
              {record.worker_address === null ? 'nobody yet' : <Hash hex={record.worker_address} />}
            </dd>
          </div>
          <div>
            <dt>Paid to</dt>
            <dd>
              {record.payout_address === null ? (
                'nowhere yet: its pay accrues and waits'
              ) : (
                <Hash hex={record.payout_address} />
              )}
              {record.next_payout_address !== null && record.payout_address_effective_from !== null && (
                <>
                  , from {time(record.payout_address_effective_from)} on{' '}
                  <Hash hex={record.next_payout_address} />
                </>
              )}
            </dd>
          </div>
        </dl>
      </Section>
      <Section title="Rates of its own" about="Each from its time on; the past keeps what was in force.">
        <Shown answer={rates}>
          {({ items }) => (
            <Table
              caption="Rates of its own"
              rows={items.filter((rate) => rate.orchestrator_id !== null)}
              keyOf={(row) => `${row.effective_from} ${row.created_at}`}
              empty="None: it follows the default rate."
              columns={[
                { label: 'From', class: 'time', cell: (row) => time(row.effective_from) },
                {
                  label: 'Per minute',
                  class: 'number',
                  cell: (row) =>
                    row.usd_per_minute === null ? 'the default again' : <Amount usd={row.usd_per_minute} />,
                },
                { label: 'Set', class: 'time', cell: (row) => time(row.created_at) },
                { label: 'By', cell: (row) => row.actor },
              ]}
            />
          )}
        </Shown>
      </Section>
    </>
  );
}
