import { useState } from 'preact/hooks';
import { fleetSchema, type Status, statusSchema } from '../api/shapes.js';
import type { Span } from '../format.js';
import { useAnswer } from '../house.js';
import { Choice, Section, Shown } from '../parts/facts.js';
import { Legend } from '../parts/strip.js';
import { FleetRows } from './fleet-rows.js';
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
            <FleetRows now={now} fleet={fleet.data} filter={filter} />
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
