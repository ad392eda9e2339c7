import { useState } from 'preact/hooks';
import { anything, type Orchestrator, rateSchema } from '../api/shapes.js';
import { time } from '../format.js';
import { useAsk } from '../house.js';
import { Dialog, Field } from '../parts/form.js';
import { EffectiveFrom, effectiveFromOf } from './effective-from.js';

type Asking = 'rate' | 'edit' | 'pause' | 'archive';

/** What the payer may do about one orchestrator. */
export function OrchestratorActions({ record, onChanged }: { record: Orchestrator; onChanged: () => void }) {
  const ask = useAsk();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [said, setSaid] = useState('');
  const path = `orchestrators/${record.id}`;
  const close = () => {
    setAsking(null);
  };
  const open = (which: Asking) => () => {
    setSaid('');
    setAsking(which);
  };
  const patch = async (body: Record<string, unknown>) => {
    await ask(path, anything, { method: 'PATCH', body });
    onChanged();
  };
  if (record.status === 'archived') return null;
  const isPaused = record.status === 'paused';
  return (
    <div class="pause">
      {said !== '' && (
        <p class="done" role="status">
          {said}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button primary" onClick={open('rate')}>
          Change rate …
        </button>
        <button type="button" class="button" onClick={open('edit')}>
          Edit …
        </button>
        <button type="button" class="button" onClick={open('pause')}>
          {isPaused ? 'Go on …' : 'Pause …'}
        </button>
        <button type="button" class="button danger" onClick={open('archive')}>
          Archive …
        </button>
      </div>
      {asking === 'rate' && (
        <Dialog
          title={`Rate of ${record.name}`}
          submit="Set rate"
          onClose={close}
          onSubmit={async ({ usd_per_minute: typed, effective_from: from }) => {
            const rate = await ask(`${path}/rate`, rateSchema, {
              method: 'PUT',
              body: { usd_per_minute: typed === '' ? null : typed, ...effectiveFromOf(from) },
            });
            setSaid(`The new rate holds from ${time(rate.effective_from)} on.`);
            onChanged();
          }}
        >
          {(faults) => (
            <>
              <Field
                label="US dollars per minute"
                name="usd_per_minute"
                inputMode="decimal"
                value={record.rate_usd_per_minute.replace(/\.?0+$/, '')}
                fault={faults.usd_per_minute}
                hint="Empty: the default rate again."
              />
              <EffectiveFrom fault={faults.effective_from} />
            </>
          )}
        </Dialog>
      )}
      {asking === 'edit' && (
        <Dialog
          title={`Edit ${record.name}`}
          submit="Save"
          onClose={close}
          onSubmit={async (typed) => {
            const before: Record<string, string> = {
              name: record.name,
              worker_url: record.worker_url ?? '',
              worker_address: record.worker_address ?? '',
              payout_address: record.payout_address ?? '',
            };
            const changed = Object.entries(typed).filter(([name, value]) => before[name] !== value);
            if (changed.length > 0)
              await patch(
                Object.fromEntries(changed.map(([name, value]) => [name, value === '' ? null : value])),
              );
          }}
        >
          {(faults) => (
            <>
              <Field label="Name" name="name" required value={record.name} fault={faults.name} />
              <Field
                label="Worker’s URL"
                name="worker_url"
                value={record.worker_url ?? ''}
                fault={faults.worker_url}
              />
              <Field
                label="Worker’s address"
                name="worker_address"
                value={record.worker_address ?? ''}
                fault={faults.worker_address}
                hint="Reports signed by it count from the next period on."
              />
              <Field
                label="Payout address"
                name="payout_address"
                value={record.payout_address ?? ''}
                fault={faults.payout_address}
                hint="A new one waits for the delay that the configuration names."
              />
            </>
          )}
        </Dialog>
      )}
      {asking === 'pause' && (
        <Dialog
          title={isPaused ? `Watch and pay ${record.name} again` : `Pause ${record.name}`}
          submit={isPaused ? 'Go on' : 'Pause'}
          danger={!isPaused}
          onClose={close}
          onSubmit={() => patch({ status: isPaused ? 'active' : 'paused' })}
        >
          {() => (
            <p>
              {isPaused
                ? 'From the next period on it is judged and paid again.'
                : 'From the next period on nothing is earned, whatever is up. What it has earned is still paid.'}
            </p>
          )}
        </Dialog>
      )}
      {asking === 'archive' && (
        <Dialog
          title={`Archive ${record.name}`}
          submit="Archive"
          danger
          onClose={close}
          onSubmit={async () => {
            await ask(path, anything, { method: 'DELETE' });
            onChanged();
          }}
        >
          {() => (
            <p>
              Whole periods before now are still judged; then all that it earned is paid out, whatever the
              minimum. Nothing is deleted, and it cannot be undone.
            </p>
          )}
        </Dialog>
      )}
    </div>
  );
}
