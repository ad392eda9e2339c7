import { useMemo } from 'preact/hooks';
import type { History } from '../api/shapes.js';
import type { Span } from '../format.js';
import type { Answered } from '../house.js';
import { historyBars, serviceBars } from '../parts/bars-of.js';
import { BarsChart } from '../parts/bars-chart.js';
import { Choice, Section, Shown } from '../parts/facts.js';
import { Legend, Strip } from '../parts/strip.js';

const spans = [
  ['minute', 'Minutes'],
  ['hour', 'Hours'],
  ['day', 'Days'],
] as const;

const abouts: Record<Span, string> = {
  minute: 'Each minute of the last two hours',
  hour: 'Each hour of the last three days',
  day: 'Each UTC day of the last thirty',
};

/** Uptime as a whole and service by service; the reason stands behind each bar. */
export function HistoryBars({
  answer,
  by,
  onChoose,
}: {
  answer: Answered<History>;
  by: Span;
  onChoose: (by: Span) => void;
}) {
  return (
    <Section
      title="Uptime"
      about={`${abouts[by]}. Point at a bar, or walk with the arrow keys.`}
      actions={<Choice label="Length of a bar" value={by} of={spans} onChoose={onChoose} />}
    >
      <Shown answer={answer}>{(history) => <Bars history={history} />}</Shown>
    </Section>
  );
}

/** Earned by hour or day; minutes earn a rate or nothing, which needs no chart. */
export function EarnedBars({
  answer: { data },
  by,
  who,
}: {
  answer: Answered<History>;
  by: Span;
  who: string;
}) {
  if (by === 'minute' || data?.by !== by) return null;
  return (
    <Section title="Earned" about={`Per ${by}`}>
      <BarsChart earned={data.buckets} by={by} label={`Earned by ${who} per ${by}`} />
    </Section>
  );
}

function Bars({ history }: { history: History }) {
  const whole = useMemo(() => historyBars(history), [history]);
  const services = useMemo(
    () =>
      history.services.map((service) => ({
        name: service.name,
        bars: serviceBars(service, history.buckets, history.by),
      })),
    [history],
  );
  return (
    <div class="card bars">
      <Strip bars={whole} label="Uptime of all required services" heightPx={44} />
      {services.map(({ name, bars }) => (
        <div class="bars-service" key={name}>
          <span>{name}</span>
          <Strip bars={bars} label={`Uptime of ${name}`} heightPx={18} />
        </div>
      ))}
      <Legend />
    </div>
  );
}
