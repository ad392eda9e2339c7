import { useEffect } from 'preact/hooks';
import { alertPage, statusSchema } from './api/shapes.js';
import { useAnswer, useHouse } from './house.js';
import { ConnectionState } from './parts/connection.js';
import { ThemeChoice } from './parts/theme-choice.js';
import type { Route } from './route.js';
import { zone } from './format.js';
import { AlertsView } from './views/alerts.js';
import { AuditView } from './views/audit.js';
import { headline, lampTone } from './views/headline.js';
import { MoneyView } from './views/money.js';
import { OnAirView } from './views/on-air.js';
import { OrchestratorView } from './views/orchestrator.js';
import { OrchestratorsView } from './views/orchestrators.js';
import { PayoutView } from './views/payout.js';
import { PayoutsView } from './views/payouts.js';
import { RatesView } from './views/rates.js';

const places = [
  ['', 'On air'],
  ['money', 'Money'],
  ['payouts', 'Payouts'],
  ['orchestrators', 'Orchestrators'],
  ['rates', 'Rates and rules'],
  ['alerts', 'Alerts'],
  ['audit', 'Audit log'],
] as const;

function View({ route }: { route: Route }) {
  const [place = '', id] = route.path;
  switch (place) {
    case '':
      return <OnAirView />;
    case 'money':
      return <MoneyView />;
    case 'payouts':
      return id === undefined ? <PayoutsView /> : <PayoutView id={id} />;
    case 'orchestrators':
      return id === undefined ? <OrchestratorsView /> : <OrchestratorView key={id} id={id} />;
    case 'rates':
      return <RatesView />;
    case 'alerts':
      return <AlertsView />;
    case 'audit':
      return <AuditView />;
    default:
      return (
        <p class="empty">
          There is nothing here. <a href="#/">Who is on air</a>
        </p>
      );
  }
}

/** The payer's house: who is on air stands beside every view. */
export function Shell({ route }: { route: Route }) {
  const { session, leave } = useHouse();
  const status = useAnswer('status', {
    schema: statusSchema,
    topics: ['assessments', 'services'],
    everyMs: 30_000,
  });
  const alerts = useAnswer('alerts?state=open&limit=200', { schema: alertPage, topics: ['alerts'] });
  const open = alerts.data?.items.length ?? 0;
  const here = route.path[0] ?? '';
  const name = places.find(([place]) => place === here)?.[1] ?? 'Nothing';
  useEffect(() => {
    const lead = status.data === null ? name : `${headline(status.data)} · ${name}`;
    document.title = `${lead} · Uptime payroll`;
  }, [status.data, name]);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        To the content
      </a>
      <header class="rail">
        <a class="brand" href="#/">
          <span class="lamp" data-tone={status.data === null ? 'unknown' : lampTone(status.data)} />
          Uptime payroll
        </a>
        <nav aria-label="Views">
          {places.map(([place, words]) => (
            <a key={place} href={`#/${place}`} aria-current={place === here ? 'page' : undefined}>
              {words}
              {place === 'alerts' && open > 0 && (
                <span class="count">
                  {open}
                  <span class="unseen"> open</span>
                </span>
              )}
            </a>
          ))}
        </nav>
        <div class="rail-foot">
          <ConnectionState />
          <div class="row wide-only">Times in {zone()}</div>
          <div class="row">
            <ThemeChoice />
            <button
              type="button"
              class="plain"
              onClick={() => {
                leave();
              }}
            >
              Sign out{session?.role === 'viewer' ? ' (viewer)' : ''}
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <View route={route} />
      </main>
    </div>
  );
}
