import { useEffect, useState } from 'preact/hooks';
import * as z from 'zod/mini';
import { type Alert, anything } from '../api/shapes.js';
import { time } from '../format.js';
import { useAnswer, useAsk, useMayChange } from '../house.js';
import { Section, Shown } from '../parts/facts.js';
import { Dialog, Field } from '../parts/form.js';
import { Table } from '../parts/table.js';
import { kindWords } from './alerts.js';

const silenceSchema = z.object({
  id: z.string(),
  kind: z.nullable(z.string()),
  subject: z.nullable(z.string()),
  reason: z.string(),
  created_by: z.string(),
  ends_at: z.string(),
});
type Silence = z.output<typeof silenceSchema>;
const silencePage = z.object({ items: z.array(silenceSchema), next_cursor: z.nullable(z.string()) });

/** A longer one fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** What nobody is told of for a while; it is opened and shown all the same. */
export function Silences() {
  const ask = useAsk();
  const mayChange = useMayChange();
  const [fault, setFault] = useState('');
  const silences = useAnswer('alerts/silences?state=active&limit=50', {
    schema: silencePage,
    topics: ['alerts', 'changes'],
  });
  const { data, reload } = silences;
  useEffect(() => {
    // Nobody says that one has run out.
    const next = Math.min(...(data?.items ?? []).map(({ ends_at: at }) => Date.parse(at)));
    const waitMs = next - Date.now() + 1_000;
    if (waitMs > longestTimerMs) return undefined;
    const timer = setTimeout(reload, waitMs);
    return () => {
      clearTimeout(timer);
    };
  }, [data, reload]);
  const end = async (id: string) => {
    setFault('');
    try {
      await ask(`alerts/silences/${id}`, anything, { method: 'DELETE' });
      silences.reload();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title="Silences" about="Nobody is told of these for a while; they stand above all the same.">
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <Shown answer={silences}>
        {({ items }) => (
          <Table
            caption="Silences"
            rows={items}
            keyOf={(row) => row.id}
            empty="Nothing is silenced."
            columns={[
              { label: 'Kind', cell: (row) => (row.kind === null ? 'Any' : kindWords(row.kind)) },
              { label: 'About', class: 'reason', cell: (row) => row.subject ?? 'anything' },
              { label: 'Why', class: 'reason', cell: (row) => row.reason },
              { label: 'By', cell: (row) => row.created_by },
              { label: 'Until', class: 'time', cell: (row) => time(row.ends_at) },
              ...(mayChange
                ? [
                    {
                      label: 'End',
                      cell: (row: Silence) => (
                        <button type="button" class="plain" onClick={() => void end(row.id)}>
                          End now
                        </button>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Shown>
    </Section>
  );
}

const hourMs = 3_600_000;

export function SilenceDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const ask = useAsk();
  return (
    <Dialog
      title={`Silence “${kindWords(alert.kind)}”`}
      submit="Silence"
      onClose={onClose}
      onSubmit={({ reason, hours }) =>
        ask('alerts/silences', silenceSchema, {
          method: 'POST',
          body: {
            kind: alert.kind,
            subject: alert.subject,
            reason,
            ends_at: new Date(Date.now() + Number(hours) * hourMs).toISOString(),
          },
        })
      }
    >
      {(faults) => (
        <>
          <p>Only for this: {alert.text}</p>
          <Field
            label="For how many hours"
            name="hours"
            inputMode="decimal"
            value="4"
            required
            fault={faults.ends_at}
          />
          <Field label="Why" name="reason" required fault={faults.reason} />
        </>
      )}
    </Dialog>
  );
}
