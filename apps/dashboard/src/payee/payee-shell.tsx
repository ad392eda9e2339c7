import { useEffect } from 'preact/hooks';
import * as z from 'zod/mini';
import { balanceSchema } from '../api/shapes.js';
import { duration, zone } from '../format.js';
import { type Answered, useAnswer, useHouse } from '../house.js';
import { Hash, Shown } from '../parts/facts.js';
import { ThemeChoice } from '../parts/theme-choice.js';
import type { Route } from '../route.js';
import { PayeeOrchestrator } from './payee-orchestrator.js';
import { PayeePayout } from './payee-payout.js';

export const ownSchema = z.object({
  address: z.string(),
  period_seconds: z.number(),
  explorer_url: z.nullable(z.string()),
  orchestrators: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      status: z.string(),
      payout_address: z.nullable(z.string()),
      worker_address: z.nullable(z.string()),
      rate_usd_per_minute: z.string(),
      min_uptime: z.number(),
      required_services: z.array(z.string()),
      balance: balanceSchema,
    }),
  ),
});
export type Own = z.output<typeof ownSchema>;

/** Facts that are asked for now and then, and how old they are when that fails. */
export const payeeEveryMs = 10_000;

/** The house of a payee: its own orchestrators and nothing of anyone else. */
export function PayeeShell({ route }: { route: Route }) {
  const { leave } = useHouse();
  const own = useAnswer('payee', { schema: ownSchema, everyMs: payeeEveryMs });
  useEffect(() => {
    document.title = 'What you earn · Uptime payroll';
  }, []);
  return (
    <div class="payee">
      <header class="payee-head">
        <a class="brand" href="#/payee">
          <span class="lamp" data-tone={own.fault === null && own.data !== null ? 'up' : 'unknown'} />
          Uptime payroll
        </a>
        <div class="row">
          {own.data !== null && (
            <span class="muted">
              signed in as <Hash hex={own.data.address} />
            </span>
          )}
          <Age answer={own} />
          <ThemeChoice />
          <button
            type="button"
            class="plain"
            onClick={() => {
              leave();
            }}
          >
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Shown answer={own}>{(data) => <Choose own={data} route={route} />}</Shown>
        <p class="muted">Times in {zone()}. Asked anew every ten seconds.</p>
      </main>
    </div>
  );
}

function Age({ answer }: { answer: Answered<Own> }) {
  if (answer.fault === null || answer.atMs === null) return null;
  return (
    <span class="connection" data-state="lost">
      {duration(Date.now() - answer.atMs)} old
    </span>
  );
}

function Choose({ own, route }: { own: Own; route: Route }) {
  const [first] = own.orchestrators;
  const [place, kind, id] = route.path;
  if (first === undefined)
    return <p class="empty">Nothing is paid to this address any more, and no report is signed by it.</p>;
  if (place === 'payee' && kind === 'payouts' && id !== undefined)
    return <PayeePayout id={id} explorer={own.explorer_url} />;
  const chosen = own.orchestrators.find((each) => place === 'payee' && each.id === kind) ?? first;
  return (
    <>
      {own.orchestrators.length > 1 && (
        <nav class="segments" aria-label="Your orchestrators">
          {own.orchestrators.map((each) => (
            <a
              key={each.id}
              href={`#/payee/${each.id}`}
              aria-current={each.id === chosen.id ? 'page' : undefined}
            >
              {each.name}
            </a>
          ))}
        </nav>
      )}
      <PayeeOrchestrator key={chosen.id} own={chosen} explorer={own.explorer_url} />
    </>
  );
}
