import { useEffect, useState } from 'preact/hooks';
import type * as z from 'zod/mini';
import { ask, Refusal } from '../api/client.js';
import { statusSchema } from '../api/shapes.js';
import { useAnswer } from '../house.js';
import { Field } from '../parts/form.js';
import { Pill } from '../parts/facts.js';
import { ThemeChoice } from '../parts/theme-choice.js';
import { PayeeSignIn } from '../payee/payee-sign-in.js';
import type { Route } from '../route.js';
import { tokenSchema } from '../session.js';
import { serviceTones, stateTones, stateWords } from '../words.js';
import { headline, lampTone, subline } from './headline.js';

type Enter = (token: z.output<typeof tokenSchema>) => void;

/** What anybody may see, and the two ways in. */
export function FrontDoor({ why, route, onEnter }: { why: string; route: Route; onEnter: Enter }) {
  const status = useAnswer('status', { schema: statusSchema, everyMs: 5_000 });
  const isPayee = route.path[0] === 'payee';
  useEffect(() => {
    document.title = status.data === null ? 'Uptime payroll' : `${headline(status.data)} · Uptime payroll`;
  }, [status.data]);
  return (
    <main id="main" class="door">
      <div class="door-status">
        <p class="brand">
          <span class="lamp" data-tone={status.data === null ? 'unknown' : lampTone(status.data)} />
          Uptime payroll
        </p>
        <h1>{status.data === null ? 'Looking …' : headline(status.data)}</h1>
        <p class="muted">{status.data === null ? (status.fault ?? '') : subline(status.data)}</p>
        <ul class="door-list">
          {status.data?.orchestrators.slice(0, 12).map(({ id, name, state, services }) => (
            <li key={id}>
              <span class="who">{name}</span>
              <span
                class="dots"
                aria-label={`${services.filter((service) => service.state === 'up').length} of ${services.length} services up`}
                role="img"
              >
                {services.map((service) => (
                  <i key={service.name} data-tone={serviceTones[service.state] ?? 'unknown'} />
                ))}
              </span>
              <Pill tone={stateTones[state]}>{stateWords[state]}</Pill>
            </li>
          ))}
        </ul>
        {(status.data?.orchestrators.length ?? 0) > 12 && (
          <p class="muted">and {(status.data?.orchestrators.length ?? 0) - 12} more</p>
        )}
      </div>
      <div class="door-card card">
        <nav class="segments" aria-label="Ways in">
          <a href="#/" aria-current={isPayee ? undefined : 'page'}>
            I pay
          </a>
          <a href="#/payee" aria-current={isPayee ? 'page' : undefined}>
            I am paid
          </a>
        </nav>
        {why !== '' && (
          <p class="notice" role="alert">
            {why}
          </p>
        )}
        {isPayee ? <PayeeSignIn onEnter={onEnter} /> : <PasswordSignIn onEnter={onEnter} />}
        <p class="door-foot muted">
          <ThemeChoice />
          <a href="docs">API</a>
          {status.data !== null && <span>Version {status.data.version}</span>}
        </p>
      </div>
    </main>
  );
}

function PasswordSignIn({ onEnter }: { onEnter: Enter }) {
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const signIn = async (form: HTMLFormElement) => {
    const password = new FormData(form).get('password');
    setBusy(true);
    setFault('');
    try {
      onEnter(await ask('auth/login', tokenSchema, { method: 'POST', body: { password } }));
    } catch (error) {
      setFault(error instanceof Refusal ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn(event.currentTarget);
      }}
    >
      {/* Password managers ask for a name. */}
      <input type="text" name="username" autocomplete="username" value="payer" readOnly hidden />
      <Field
        label="Password"
        name="password"
        type="password"
        required
        autocomplete="current-password"
        fault={fault === '' ? undefined : fault}
      />
      <button type="submit" class="button primary" disabled={busy}>
        Sign in
      </button>
      <p class="muted">With the payer’s or the viewer’s password.</p>
    </form>
  );
}
