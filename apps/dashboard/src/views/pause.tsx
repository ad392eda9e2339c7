import { useState } from 'preact/hooks';
import type * as z from 'zod/mini';
import { anything, payoutStateSchema } from '../api/shapes.js';
import { time } from '../format.js';
import { useAsk } from '../house.js';
import { Dialog, Field } from '../parts/form.js';

type PayoutState = z.output<typeof payoutStateSchema>;

/** The emergency stop, and letting go. */
export function PauseBar({ state, onChanged }: { state: PayoutState; onChanged: () => void }) {
  const ask = useAsk();
  const [isOpen, setOpen] = useState(false);
  const [fault, setFault] = useState('');
  const act = async (path: string) => {
    setFault('');
    try {
      await ask(path, anything, { method: 'POST' });
      onChanged();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="pause">
      {state.pause !== null && (
        <p class="notice" role="status">
          <span>
            Paused by {state.pause.actor} since {time(state.pause.since)}: {state.pause.reason}. Pay accrues,
            nothing is sent.
          </span>
        </p>
      )}
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="actions">
        {state.paused ? (
          <button type="button" class="button primary" onClick={() => void act('payouts/resume')}>
            Resume payouts
          </button>
        ) : (
          <>
            <button type="button" class="button" onClick={() => void act('payouts/run')}>
              Settle now
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() => {
                setOpen(true);
              }}
            >
              Pause payouts …
            </button>
          </>
        )}
      </div>
      {isOpen && (
        <Dialog
          title="Pause payouts"
          submit="Pause"
          danger
          onClose={() => {
            setOpen(false);
          }}
          onSubmit={async ({ reason }) => {
            await ask('payouts/pause', payoutStateSchema, { method: 'POST', body: { reason } });
            onChanged();
          }}
        >
          {(faults) => (
            <>
              <p>
                No new signature and no fee bump until you resume. Periods are judged and pay accrues. What
                was signed before may still be mined.
              </p>
              <Field
                label="Reason"
                name="reason"
                required
                fault={faults.reason}
                hint="Everybody who signs in sees it; it stands in the audit log."
              />
            </>
          )}
        </Dialog>
      )}
    </div>
  );
}
