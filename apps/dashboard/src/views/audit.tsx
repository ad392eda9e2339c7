import { useState } from 'preact/hooks';
import { auditPage } from '../api/shapes.js';
import { time } from '../format.js';
import { useAnswer } from '../house.js';
import { useNames } from '../names.js';
import { Shown } from '../parts/facts.js';
import { Table } from '../parts/table.js';

/** `{a: 1, b: {c: 2}}` → ['a: 1', 'b.c: 2'] */
function linesOf(value: unknown, name = ''): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object')
    return [`${name === '' ? '' : `${name}: `}${JSON.stringify(value).replaceAll('"', '')}`];
  if (Array.isArray(value))
    return [
      `${name === '' ? '' : `${name}: `}${value
        .map((each) => JSON.stringify(each))
        .join(', ')
        .replaceAll('"', '')}`,
    ];
  return Object.entries(value).flatMap(([key, inner]) =>
    linesOf(inner, name === '' ? key : `${name}.${key}`),
  );
}

const Lines = ({ value }: { value: unknown }) => {
  const lines = linesOf(value);
  return lines.length === 0 ? (
    <span class="nothing">–</span>
  ) : (
    <ul class="lines">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
};

/** `orchestrator/019…` by its name, `payment/019…` as a link; anything else as it stands. */
function Subject({ subject, nameOf }: { subject: string; nameOf: (id: string) => string }) {
  const [, kind, id] = /^(orchestrator|payment)\/([0-9a-f-]{36})$/.exec(subject) ?? [];
  if (id === undefined) return <>{subject}</>;
  return kind === 'payment' ? (
    <a href={`#/payouts/${id}`}>payout {id.slice(0, 8)}</a>
  ) : (
    <a href={`#/orchestrators/${id}`}>{nameOf(id)}</a>
  );
}

/** Who changed what, when, from what to what. */
export function AuditView() {
  const nameOf = useNames();
  const [cursor, setCursor] = useState<string | null>(null);
  const page = useAnswer(`audit?limit=50${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, {
    schema: auditPage,
    topics: ['changes'],
  });
  return (
    <>
      <div class="head">
        <div>
          <h1>Audit log</h1>
          <p>Who changed what, from what to what. The database refuses to edit it.</p>
        </div>
      </div>
      <Shown answer={page}>
        {({ items, next_cursor: next }) => (
          <>
            <Table
              caption="Audit log"
              rows={items}
              keyOf={(row) => row.id}
              empty="Nothing has been changed yet."
              columns={[
                { label: 'When', class: 'time', cell: (row) => time(row.at) },
                { label: 'Who', cell: (row) => row.actor },
                { label: 'What', cell: (row) => row.action },
                {
                  label: 'Of',
                  class: 'reason',
                  cell: (row) => <Subject subject={row.subject} nameOf={nameOf} />,
                },
                { label: 'Before', class: 'reason', cell: (row) => <Lines value={row.before} /> },
                { label: 'After', class: 'reason', cell: (row) => <Lines value={row.after} /> },
              ]}
            />
            <div class="actions">
              {cursor !== null && (
                <button
                  type="button"
                  class="button"
                  onClick={() => {
                    setCursor(null);
                  }}
                >
                  Newest
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
                  Older
                </button>
              )}
            </div>
          </>
        )}
      </Shown>
    </>
  );
}
