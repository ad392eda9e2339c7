import { useState } from 'preact/hooks';
import * as z from 'zod/mini';
import { download } from '../api/client.js';
import { assessmentPage, historySchema, payoutPage } from '../api/shapes.js';
import { dollars, microUsd, type Span, time } from '../format.js';
import { useAnswer, useHouse } from '../house.js';
import { Amount, Choice, Hash, Pill, Section, Shown } from '../parts/facts.js';
import { Table } from '../parts/table.js';
import { BalanceTiles } from '../views/balance-tiles.js';
import { EarnedBars, HistoryBars } from '../views/history-bars.js';
import { PayoutTable } from '../views/payouts.js';
import { type Decision, decisionChoices, PeriodTable } from '../views/period-table.js';
import { type Own, payeeEveryMs } from './payee-shell.js';

const statementSchema = z.object({
  opening_balance_usd: z.string(),
  closing_balance_usd: z.string(),
  lines: z.array(
    z.object({ at: z.string(), kind: z.string(), amount_usd: z.string(), balance_usd: z.string() }),
  ),
});

/** The last day is as much as a page should hold; the file has it all. */
const dayMs = 86_400_000;

export function PayeeOrchestrator({
  own,
  explorer,
}: {
  own: Own['orchestrators'][number];
  explorer: string | null;
}) {
  const { session } = useHouse();
  const [by, setBy] = useState<Span>('minute');
  const [decision, setDecision] = useState<Decision>('');
  const [since] = useState(() => new Date(Date.now() - dayMs).toISOString());
  const base = `payee/orchestrators/${own.id}`;
  const asking = { token: session?.token ?? null };
  const past = useAnswer(`${base}/history?by=${by}`, { schema: historySchema, everyMs: payeeEveryMs });
  const periods = useAnswer(`${base}/assessments?limit=30${decision === '' ? '' : `&decision=${decision}`}`, {
    schema: assessmentPage,
    everyMs: payeeEveryMs,
  });
  const payouts = useAnswer(`${base}/payments?limit=30`, { schema: payoutPage, everyMs: payeeEveryMs });
  const statement = useAnswer(`${base}/statement?from=${since}`, {
    schema: statementSchema,
    everyMs: 60_000,
  });
  return (
    <>
      <div class="head">
        <div>
          <h1>
            {own.name} {own.status !== 'active' && <Pill tone="partly">{own.status}</Pill>}
          </h1>
          <p>
            {dollars(microUsd(own.rate_usd_per_minute))} for every minute in which its{' '}
            {own.required_services.length} services are more than {own.min_uptime} % up, paid to{' '}
            {own.payout_address === null ? (
              'nowhere yet'
            ) : (
              <Hash hex={own.payout_address} explorer={explorer} />
            )}
            .
          </p>
        </div>
      </div>
      <BalanceTiles of={[own.balance]} />
      <HistoryBars answer={past} by={by} onChoose={setBy} />
      <EarnedBars answer={past} by={by} who={own.name} />
      <Section
        title="Periods"
        about="Why each was paid, or not. The evidence is the report that your worker signed."
        actions={
          <Choice label="Which periods" value={decision} of={decisionChoices} onChoose={setDecision} />
        }
      >
        <Shown answer={periods}>
          {({ items }) => (
            <PeriodTable
              periods={items}
              evidenceOf={(period) =>
                period.uptime_percentage === null ? null : (
                  <button
                    type="button"
                    class="plain"
                    aria-label={`Download the evidence of the period from ${time(period.period_start)}`}
                    onClick={() =>
                      void download(`payee/evidence/${period.id}`, `evidence-${period.id}.json`, asking)
                    }
                  >
                    Download
                  </button>
                )
              }
            />
          )}
        </Shown>
      </Section>
      <Section title="Payouts">
        <Shown answer={payouts}>
          {({ items }) => (
            <PayoutTable payouts={items} explorer={explorer} linkOf={(id) => `#/payee/payouts/${id}`} />
          )}
        </Shown>
      </Section>
      <Section
        title="Statement"
        about="Of the last 24 hours, by what moved; the file has every line of the last 31 days."
        actions={
          <button
            type="button"
            class="button"
            onClick={() =>
              void download(`${base}/statement`, 'statement.csv', { ...asking, accept: 'text/csv' })
            }
          >
            Download CSV
          </button>
        }
      >
        <Shown answer={statement}>{(data) => <StatementSums statement={data} />}</Shown>
      </Section>
    </>
  );
}

const kinds = [
  ['accrual', 'Earned by periods'],
  ['adjustment', 'Corrections'],
  ['payout', 'Payouts'],
  ['return', 'Payouts given back'],
] as const;

function StatementSums({ statement }: { statement: z.output<typeof statementSchema> }) {
  const rows = kinds.map(([kind, words]) => {
    const lines = statement.lines.filter((line) => line.kind === kind);
    return {
      words,
      count: lines.length,
      amount: lines.reduce((sum, line) => sum + microUsd(line.amount_usd), 0n),
    };
  });
  return (
    <Table
      caption="Statement"
      keyOf={(row) => row.words}
      empty=""
      rows={[
        { words: 'Balance before', count: null, amount: microUsd(statement.opening_balance_usd) },
        ...rows.filter(({ count }) => count > 0),
        { words: 'Balance now', count: null, amount: microUsd(statement.closing_balance_usd) },
      ]}
      columns={[
        { label: 'What', cell: (row) => row.words },
        { label: 'Lines', class: 'number', cell: (row) => row.count },
        { label: 'Amount', class: 'number', cell: (row) => <Amount usd={usdOf(row.amount)} /> },
      ]}
    />
  );
}

/** 10500000n → '10.500000' */
const usdOf = (amount: bigint): string => {
  const size = String(amount < 0n ? -amount : amount).padStart(7, '0');
  return `${amount < 0n ? '-' : ''}${size.slice(0, -6)}.${size.slice(-6)}`;
};
