import { useMemo, useRef } from 'preact/hooks';
import type { Fleet, OrchestratorStatus, Status } from '../api/shapes.js';
import { microUsd, percent, roundDollars } from '../format.js';
import { fleetBars } from '../parts/bars-of.js';
import { Pill } from '../parts/facts.js';
import { useNear } from '../parts/near.js';
import { Strip } from '../parts/strip.js';
import { reasonWords, serviceTones, stateTones, stateWords } from '../words.js';

/** Those that need a look come first. */
const urgency = { off_air: 0, degraded: 1, unknown: 2, waiting: 3, paused: 4, on_air: 5 } as const;
const names = new Intl.Collator('en', { numeric: true });

export function FleetRows({ now, fleet, filter }: { now: Status; fleet: Fleet | null; filter: string }) {
  const wanted = filter.trim().toLowerCase();
  const rows = useMemo(
    () =>
      now.orchestrators
        .filter(({ name, services }) =>
          [name, ...services.map((service) => service.name)].some((text) =>
            text.toLowerCase().includes(wanted),
          ),
        )
        .toSorted((a, b) => urgency[a.state] - urgency[b.state] || names.compare(a.name, b.name)),
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

interface RowProps {
  row: OrchestratorStatus;
  fleet: Fleet | null;
  past: Fleet['orchestrators'][number] | undefined;
}

/** Far out of sight a row is its name alone, so that five hundred of them are drawn as fast as fifty. */
function Row({ row, fleet, past }: RowProps) {
  const place = useRef<HTMLLIElement>(null);
  const isNear = useNear(place);
  return (
    <li ref={place} class="fleet-row" data-orchestrator={row.id} data-state={row.state}>
      <div class="fleet-who">
        <a href={`#/orchestrators/${row.id}`}>{row.name}</a>
        <Pill tone={stateTones[row.state]}>{stateWords[row.state]}</Pill>
      </div>
      {isNear && <Facts row={row} fleet={fleet} past={past} />}
    </li>
  );
}

function Facts({ row, fleet, past }: RowProps) {
  const bars = useMemo(
    () => (fleet === null || past === undefined ? [] : fleetBars(past, fleet.bucket_starts, fleet.by)),
    [fleet, past],
  );
  return (
    <>
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
            {service.state !== 'up' && row.state !== 'unknown' && (
              <span class="service-state"> {service.state}</span>
            )}
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
    </>
  );
}
