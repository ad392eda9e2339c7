import { useMemo, useState } from 'preact/hooks';
import {
  fleetSchema,
  type Fleet,
  type OrchestratorStatus,
  type Status,
  statusSchema,
} from '../api/shapes.js';
import { microUsd, percent, roundDollars, type Span } from '../format.js';
import { useAnswer } from '../house.js';
import { fleetBars } from '../parts/bars-of.js';
import { Choice, Pill, Section, Shown } from '../parts/facts.js';
import { Legend, Strip } from '../parts/strip.js';
import { reasonWords, serviceTones, stateTones, stateWords } from '../words.js';
import { headline, subline } from './headline.js';

const spans = [
  ['minute', 'Minutes'],
  ['hour', 'Hours'],
  ['day', 'Days'],
] as const;

const spanWords: Record<Span, string> = {
  minute: 'each minute of the last hour',
  hour: 'each hour of the last two days',
  day: 'each day of the last thirty',
};

/** Those that need a look come first. */
const urgency = { off_air: 0, degraded: 1, unknown: 2, waiting: 3, paused: 4, on_air: 5 } as const;

/** Who is on air, now and lately. */
export function OnAirView() {
  const [by, setBy] = useState<Span>('minute');
  const [filter, setFilter] = useState('');
  const status = useAnswer('status', { schema: statusSchema, topics: ['assessments', 'services'] });
  const fleet = useAnswer(`history/fleet?by=${by}`, {
    schema: fleetSchema,
    topics: ['assessments', 'history'],
  });
  return (
    <Shown answer={status}>
      {(now) => (
        <>
          <div class="head">
            <div>
              <h1>{headline(now)}</h1>
              <p>{subline(now)}</p>
            </div>
            <div class="actions">
              <label class="unseen" for="filter">
                Filter by name
              </label>
              <input
                id="filter"
                class="filter"
                type="search"
                placeholder="Filter by name or service"
                value={filter}
                onInput={(event) => {
                  setFilter(event.currentTarget.value);
                }}
              />
              <Choice label="Length of a bar" value={by} of={spans} onChoose={setBy} />
            </div>
          </div>
          <Tally now={now} />
          <Section
            title="Orchestrators"
            about={`A bar is ${spanWords[by]}, the newest on the right.`}
            actions={<Legend />}
          >
            {fleet.fault !== null && <p class="fault">{fleet.fault}</p>}
            <Rows now={now} fleet={fleet.data} filter={filter} />
          </Section>
        </>
      )}
    </Shown>
  );
}

function Tally({ now }: { now: Status }) {
  const services = now.orchestrators.flatMap((each) => each.services);
  const count = (state: string) => services.filter((service) => service.state === state).length;
  const on = now.orchestrators.filter(({ state }) => state === 'on_air').length;
  return (
    <dl class="tiles card">
      <div>
        <dt>Orchestrators on air</dt>
        <dd>
          {on} <span class="muted">of {now.orchestrators.length}</span>
        </dd>
      </div>
      <div>
        <dt>Services up</dt>
        <dd>
          {count('up')} <span class="muted">of {services.length}</span>
        </dd>
      </div>
      <div>
        <dt>Down or partly</dt>
        <dd>{count('down') + count('partly')}</dd>
      </div>
      <div>
        <dt>Starting or no word</dt>
        <dd>{count('starting') + count('unknown')}</dd>
      </div>
    </dl>
  );
}

function Rows({ now, fleet, filter }: { now: Status; fleet: Fleet | null; filter: string }) {
  const wanted = filter.trim().toLowerCase();
  const rows = useMemo(
    () =>
      now.orchestrators
        .filter(({ name, services }) =>
          [name, ...services.map((service) => service.name)].some((text) =>
            text.toLowerCase().includes(wanted),
          ),
        )
        .toSorted(
          (a, b) =>
            urgency[a.state] - urgency[b.state] || a.name.localeCompare(b.name, 'en', { numeric: true }),
        ),
    [now, wanted],
  );
  const past = useMemo(() => new Map(fleet?.orchestrators.map((row) => [row.orchestrator_id, row])), [fleet]);
  if (rows.length === 0)
    return (
      <p class="empty">
        {now.orchestrators.length === 0 ? 'No orchestrator has been added yet.' : 'Nothing by this name.'}
      </p>
    );
  return (
    <ul class="fleet card">
      {rows.map((row) => (
        <Row key={row.id} row={row} fleet={fleet} past={past.get(row.id)} />
      ))}
    </ul>
  );
}

function Row({
  row,
  fleet,
  past,
}: {
  row: OrchestratorStatus;
  fleet: Fleet | null;
  past: Fleet['orchestrators'][number] | undefined;
}) {
  const bars = useMemo(
    () => (fleet === null || past === undefined ? [] : fleetBars(past, fleet.bucket_starts, fleet.by)),
    [fleet, past],
  );
  return (
    <li class="fleet-row" data-orchestrator={row.id} data-state={row.state}>
      <div class="fleet-who">
        <a href={`#/orchestrators/${row.id}`}>{row.name}</a>
        <Pill tone={stateTones[row.state]}>{stateWords[row.state]}</Pill>
      </div>
      <ul class="services" aria-label="Services">
        {row.services.map((service) => (
          <li
            key={service.name}
            data-tone={serviceTones[service.state] ?? 'unknown'}
            data-service={service.name}
            data-state={service.state}
          >
            <i aria-hidden="true" />
            {service.name}
            {service.state !== 'up' && <span class="service-state"> {service.state}</span>}
          </li>
        ))}
      </ul>
      <div class="fleet-bars">
        {bars.length > 0 ? <Strip bars={bars} label={`Uptime of ${row.name}`} /> : <div class="strip-wait" />}
        {row.reason !== null && row.state !== 'on_air' && (
          <p class="why">Not paid: {reasonWords(row.reason)}.</p>
        )}
      </div>
      <div class="fleet-numbers">
        <span>{percent(row.uptime_percentage)}</span>
        <span class="muted">
          {past === undefined ? '' : `${roundDollars(microUsd(past.earned_usd))} earned`}
        </span>
      </div>
    </li>
  );
}
