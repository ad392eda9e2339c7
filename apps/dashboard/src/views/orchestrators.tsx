import { useState } from 'preact/hooks';
import { orchestratorPage, orchestratorSchema } from '../api/shapes.js';
import { time } from '../format.js';
import { useAnswer, useAsk, useMayChange } from '../house.js';
import { Amount, Choice, Hash, Pill, Shown } from '../parts/facts.js';
import { Dialog, Field } from '../parts/form.js';
import { Table } from '../parts/table.js';

const statusTones = { active: 'up', paused: 'partly', archived: 'unknown' } as const;

export function OrchestratorsView() {
  const [status, setStatus] = useState<'' | 'archived'>('');
  const [cursor, setCursor] = useState<string | null>(null);
  const [isAdding, setAdding] = useState(false);
  const mayChange = useMayChange();
  const ask = useAsk();
  const query = `orchestrators?limit=100${status === '' ? '' : '&status=archived'}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
  const page = useAnswer(query, { schema: orchestratorPage, topics: ['changes'] });
  return (
    <>
      <div class="head">
        <div>
          <h1>Orchestrators</h1>
          <p>Who is watched and paid. Nothing is ever deleted; a change is a new version.</p>
        </div>
        <div class="actions">
          <Choice
            label="Which orchestrators"
            value={status}
            of={[
              ['', 'In force'],
              ['archived', 'Archived'],
            ]}
            onChoose={(value) => {
              setCursor(null);
              setStatus(value);
            }}
          />
          {mayChange && (
            <button
              type="button"
              class="button primary"
              onClick={() => {
                setAdding(true);
              }}
            >
              Add …
            </button>
          )}
        </div>
      </div>
      <Shown answer={page}>
        {({ items, next_cursor: next }) => (
          <>
            <Table
              caption="Orchestrators"
              rows={items}
              keyOf={(row) => row.id}
              empty="None."
              columns={[
                { label: 'Name', cell: (row) => <a href={`#/orchestrators/${row.id}`}>{row.name}</a> },
                { label: 'State', cell: (row) => <Pill tone={statusTones[row.status]}>{row.status}</Pill> },
                {
                  label: 'Rate per minute',
                  class: 'number',
                  cell: (row) => <Amount usd={row.rate_usd_per_minute} />,
                },
                { label: 'Paid above', class: 'number', cell: (row) => `${row.min_uptime} %` },
                { label: 'Worker key', cell: (row) => <Hash hex={row.worker_address} /> },
                {
                  label: 'Paid to',
                  cell: (row) =>
                    row.payout_address === null ? (
                      <span class="muted">nowhere yet</span>
                    ) : (
                      <Hash hex={row.payout_address} />
                    ),
                },
                { label: 'Since', class: 'time', cell: (row) => time(row.created_at) },
              ]}
            />
            {(cursor !== null || next !== null) && (
              <div class="actions">
                {cursor !== null && (
                  <button
                    type="button"
                    class="button"
                    onClick={() => {
                      setCursor(null);
                    }}
                  >
                    First page
                  </button>
                )}
                {next !== null && (
                  <button
                    type="button"
                    class="button"
                    onClick={() => {
                      setCursor(next);
                    }}
                  >
                    Next page
                  </button>
                )}
              </div>
            )}
          </>
        )}
      </Shown>
      {isAdding && (
        <Dialog
          title="Add an orchestrator"
          submit="Add"
          onClose={() => {
            setAdding(false);
          }}
          onSubmit={async (values) => {
            const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
            const { id } = await ask('orchestrators', orchestratorSchema, { method: 'POST', body: filled });
            location.hash = `#/orchestrators/${id}`;
          }}
        >
          {(faults) => (
            <>
              <Field
                label="Service URI"
                name="service_uri"
                required
                placeholder="https://orchestrator.example:9995"
                fault={faults.service_uri}
              />
              <Field
                label="Worker’s address"
                name="worker_address"
                required
                placeholder="0x…"
                fault={faults.worker_address}
                hint="The key that signs its reports."
              />
              <Field
                label="Worker’s URL"
                name="worker_url"
                placeholder="http://orchestrator.example:9876"
                fault={faults.worker_url}
              />
              <Field label="Name" name="name" fault={faults.name} />
              <Field
                label="Payout address"
                name="payout_address"
                placeholder="0x…"
                fault={faults.payout_address}
                hint="Without one its pay accrues and waits."
              />
            </>
          )}
        </Dialog>
      )}
    </>
  );
}
