import { useState } from 'preact/hooks';
import { type Alert, alertPage, anything } from '../api/shapes.js';
import { duration, plural, time } from '../format.js';
import { useAnswer, useAsk, useMayChange } from '../house.js';
import { Choice, Pill, Shown } from '../parts/facts.js';
import { useNames } from '../names.js';
import { Table } from '../parts/table.js';
import { Silences, SilenceDialog } from './silences.js';

const states = [
  ['open', 'Open'],
  ['resolved', 'Past'],
] as const;

export const kindWords = (kind: string): string => {
  const words = kind.replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
};

/** What a person should know about, what they wish not to hear of for a while. */
export function AlertsView() {
  const ask = useAsk();
  const mayChange = useMayChange();
  const nameOf = useNames();
  const [state, setState] = useState<'open' | 'resolved'>('open');
  const [silencing, setSilencing] = useState<Alert | null>(null);
  const [said, setSaid] = useState('');
  const alerts = useAnswer(`alerts?state=${state}&limit=100`, { schema: alertPage, topics: ['alerts'] });
  const test = async () => {
    try {
      await ask('alerts/test', anything, { method: 'POST' });
      setSaid('A test alert was sent to every channel.');
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <div class="head">
        <div>
          <h1>Alerts</h1>
          <p>One for each trouble: what goes on is counted, not repeated.</p>
        </div>
        <div class="actions">
          <Choice label="Which alerts" value={state} of={states} onChoose={setState} />
          {mayChange && (
            <button type="button" class="button" onClick={() => void test()}>
              Send a test
            </button>
          )}
        </div>
      </div>
      {said !== '' && (
        <p class="done" role="status">
          {said}
        </p>
      )}
      <Shown answer={alerts}>
        {({ items }) => (
          <Table
            caption="Alerts"
            rows={items}
            keyOf={(row) => row.id}
            empty={state === 'open' ? 'Nothing is wrong.' : 'Nothing has been wrong.'}
            columns={[
              {
                label: 'Kind',
                cell: (row) => (
                  <Pill tone={row.state === 'open' ? 'down' : 'unknown'}>{kindWords(row.kind)}</Pill>
                ),
              },
              { label: 'What', class: 'reason', cell: (row) => <Subject alert={row} nameOf={nameOf} /> },
              { label: 'Since', class: 'time', cell: (row) => time(row.opened_at) },
              {
                label: 'Seen',
                class: 'time',
                cell: (row) => `${plural(row.seen_count, 'time')}, last ${time(row.last_seen_at)}`,
              },
              {
                label: state === 'open' ? 'For' : 'Lasted',
                class: 'number',
                cell: (row) =>
                  duration(
                    Date.parse(row.resolved_at ?? new Date().toISOString()) - Date.parse(row.opened_at),
                  ),
              },
              ...(mayChange && state === 'open'
                ? [
                    {
                      label: 'Silence',
                      cell: (row: Alert) => (
                        <button
                          type="button"
                          class="plain"
                          onClick={() => {
                            setSilencing(row);
                          }}
                        >
                          Silence …
                        </button>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Shown>
      <Silences />
      {silencing !== null && (
        <SilenceDialog
          alert={silencing}
          onClose={() => {
            setSilencing(null);
          }}
        />
      )}
    </>
  );
}

function Subject({ alert, nameOf }: { alert: Alert; nameOf: (id: string) => string }) {
  const [, id] = /^orchestrator\/([0-9a-f-]{36})$/.exec(alert.subject) ?? [];
  return (
    <>
      {alert.text} {id !== undefined && <a href={`#/orchestrators/${id}`}>{nameOf(id)}</a>}
    </>
  );
}
