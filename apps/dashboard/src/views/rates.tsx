import { useState } from 'preact/hooks';
import { policyPage, policySchema, ratePage, rateSchema } from '../api/shapes.js';
import { time } from '../format.js';
import { useNames } from '../names.js';
import { useAnswer, useAsk, useMayChange } from '../house.js';
import { Amount, Section, Shown } from '../parts/facts.js';
import { Dialog, Field } from '../parts/form.js';
import { Table } from '../parts/table.js';
import { EffectiveFrom, effectiveFromOf } from './effective-from.js';

/** What a minute is worth and what must be up: every version, with its time. */
export function RatesView() {
  const ask = useAsk();
  const mayChange = useMayChange();
  const nameOf = useNames();
  const [asking, setAsking] = useState<'rate' | 'policy' | null>(null);
  const [said, setSaid] = useState('');
  const rates = useAnswer('rates?limit=100', { schema: ratePage, topics: ['changes'] });
  const policies = useAnswer('policies?limit=100', { schema: policyPage, topics: ['changes'] });
  const close = () => {
    setAsking(null);
  };
  const open = (which: 'rate' | 'policy') => () => {
    setSaid('');
    setAsking(which);
  };
  const whose = (id: string | null) =>
    id === null ? 'Everybody without one' : <a href={`#/orchestrators/${id}`}>{nameOf(id)}</a>;
  return (
    <>
      <div class="head">
        <div>
          <h1>Rates and rules</h1>
          <p>A change takes effect at a period’s boundary to come; the past keeps what was in force.</p>
        </div>
        {mayChange && (
          <div class="actions">
            <button type="button" class="button primary" onClick={open('rate')}>
              Change default rate …
            </button>
            <button type="button" class="button" onClick={open('policy')}>
              Change default rules …
            </button>
          </div>
        )}
      </div>
      {said !== '' && (
        <p class="done" role="status">
          {said}
        </p>
      )}
      <Section title="Rates" about="The newest first">
        <Shown answer={rates}>
          {({ items }) => (
            <Table
              caption="Rates"
              rows={items}
              keyOf={(row) => `${row.orchestrator_id ?? ''} ${row.effective_from} ${row.created_at}`}
              empty="No rate has been set."
              columns={[
                { label: 'For', cell: (row) => whose(row.orchestrator_id) },
                {
                  label: 'Per minute',
                  class: 'number',
                  cell: (row) =>
                    row.usd_per_minute === null ? 'the default again' : <Amount usd={row.usd_per_minute} />,
                },
                { label: 'From', class: 'time', cell: (row) => <Effective at={row.effective_from} /> },
                { label: 'Set', class: 'time', cell: (row) => time(row.created_at) },
                { label: 'By', cell: (row) => row.actor },
              ]}
            />
          )}
        </Shown>
      </Section>
      <Section title="Rules" about="What must be up, and how much of the time">
        <Shown answer={policies}>
          {({ items }) => (
            <Table
              caption="Rules"
              rows={items}
              keyOf={(row) => row.id}
              empty="No rule has been set."
              columns={[
                { label: 'For', cell: (row) => whose(row.orchestrator_id) },
                {
                  label: 'Paid above',
                  class: 'number',
                  cell: (row) => (row.min_uptime === null ? 'default' : `${row.min_uptime} %`),
                },
                { label: 'Over services', cell: (row) => row.aggregation ?? 'default' },
                {
                  label: 'Must be up',
                  class: 'reason',
                  cell: (row) => row.required_services?.join(', ') ?? 'default',
                },
                { label: 'From', class: 'time', cell: (row) => <Effective at={row.effective_from} /> },
                { label: 'By', cell: (row) => row.actor },
              ]}
            />
          )}
        </Shown>
      </Section>
      {asking === 'rate' && (
        <Dialog
          title="Default rate"
          submit="Set rate"
          onClose={close}
          onSubmit={async ({ usd_per_minute: typed, effective_from: from }) => {
            const rate = await ask('rates/default', rateSchema, {
              method: 'PUT',
              body: { usd_per_minute: typed, ...effectiveFromOf(from) },
            });
            setSaid(`The new default rate holds from ${time(rate.effective_from)} on.`);
            rates.reload();
          }}
        >
          {(faults) => (
            <>
              <Field
                label="US dollars per minute"
                name="usd_per_minute"
                inputMode="decimal"
                required
                fault={faults.usd_per_minute}
              />
              <EffectiveFrom fault={faults.effective_from} />
            </>
          )}
        </Dialog>
      )}
      {asking === 'policy' && (
        <Dialog
          title="Default rules"
          submit="Set rules"
          onClose={close}
          onSubmit={async ({ min_uptime: uptime, required_services: services, effective_from: from }) => {
            const policy = await ask('policies', policySchema, {
              method: 'POST',
              body: {
                ...(uptime !== undefined && uptime !== '' && { min_uptime: Number(uptime) }),
                ...(services !== undefined &&
                  services !== '' && { required_services: services.split(',').map((name) => name.trim()) }),
                ...effectiveFromOf(from),
              },
            });
            setSaid(`The new rules hold from ${time(policy.effective_from)} on.`);
            policies.reload();
          }}
        >
          {(faults) => (
            <>
              <Field
                label="Paid above, percent"
                name="min_uptime"
                inputMode="decimal"
                fault={faults.min_uptime}
                hint="Empty: as it is."
              />
              <Field
                label="Must be up"
                name="required_services"
                fault={faults.required_services}
                hint="Names with commas between them. Empty: as it is."
              />
              <EffectiveFrom fault={faults.effective_from} />
            </>
          )}
        </Dialog>
      )}
    </>
  );
}

const Effective = ({ at }: { at: string }) => (
  <>
    {at.startsWith('1970') ? 'the beginning' : time(at)}
    {Date.parse(at) > Date.now() && <span class="muted"> (to come)</span>}
  </>
);
