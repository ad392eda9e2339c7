import { useEffect, useRef } from 'preact/hooks';
import 'uplot/dist/uPlot.min.css';
import { bucketName, dollars, microUsd, type Span } from '../format.js';
import { Table } from './table.js';

export interface Earned {
  start: string;
  earned_usd: string;
  periods: number;
  paid_periods: number;
}

/** Custom properties are not resolved by themselves: an element that uses one is asked. */
function colourOf(variable: string, place: HTMLElement): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${variable})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A height may be a float; the amounts in the table below never are. */
const heightOf = (usd: string): number => Number(microUsd(usd) / 10_000n) / 100;

const axisDollars = (value: number): string =>
  `$${value.toLocaleString('en-US', { maximumFractionDigits: 2 })}`;

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const utcDate = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Midnight carries the date. */
function tickWords(at: Date, by: Span): string {
  if (by === 'day') return utcDate.format(at);
  return at.getHours() === 0 && at.getMinutes() === 0 ? date.format(at) : hour.format(at);
}

async function draw(
  place: HTMLElement,
  earned: readonly Earned[],
  by: Span,
  label: string,
): Promise<() => void> {
  const { default: UPlot } = await import('uplot');
  const accent = colourOf('--accent', place);
  const muted = colourOf('--muted', place);
  const line = colourOf('--line', place);
  const font = `12px ${getComputedStyle(place).fontFamily}`;
  const axis = { stroke: muted, font, ticks: { show: false } };
  const halfBarS = by === 'day' ? 43_200 : 1_800;
  const chart = new UPlot(
    {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { setScale: false } },
      tzDate: (at) => (by === 'day' ? UPlot.tzDate(new Date(at * 1_000), 'UTC') : new Date(at * 1_000)),
      scales: {
        // Half a bar more at either end, or the first and the last are cut in two.
        x: { range: (_chart, from, to) => [from - halfBarS, to + halfBarS] },
        y: { range: (_chart, _low, high) => [0, Math.max(high * 1.1, 0.01)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          values: (_chart, values) => values.map((at) => tickWords(new Date(at * 1_000), by)),
        },
        {
          ...axis,
          grid: { stroke: line, width: 1 },
          size: 64,
          values: (_chart, values) => values.map(axisDollars),
        },
      ],
      series: [
        {},
        {
          label,
          fill: accent,
          width: 0,
          ...(UPlot.paths.bars && { paths: UPlot.paths.bars({ size: [0.72, 26], radius: 0.12 }) }),
          points: { show: false },
        },
      ],
    },
    [
      earned.map(({ start }) => Date.parse(start) / 1_000),
      earned.map(({ earned_usd: usd }) => heightOf(usd)),
    ],
    place,
  );
  const resized = new ResizeObserver(() => {
    chart.setSize({ width: place.clientWidth, height: place.clientHeight });
  });
  resized.observe(place);
  return () => {
    resized.disconnect();
    chart.destroy();
  };
}

/** Earned per hour or day. The canvas is for the eye; the same numbers stand in a table for everybody. */
export function BarsChart({
  earned,
  by,
  label,
}: {
  earned: readonly Earned[];
  by: 'hour' | 'day';
  label: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    let gone = false;
    let remove: (() => void) | undefined;
    const show = () => {
      remove?.();
      remove = undefined;
      void draw(current, earned, by, label).then((undo) => {
        if (gone) undo();
        else {
          remove?.();
          remove = undo;
        }
      });
    };
    show();
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener('theme', show);
    dark.addEventListener('change', show);
    return () => {
      gone = true;
      window.removeEventListener('theme', show);
      dark.removeEventListener('change', show);
      remove?.();
    };
  }, [earned, by, label]);
  const rows = earned.filter(({ periods }) => periods > 0).toReversed();
  return (
    <figure class="card chart">
      <figcaption class="unseen">{label}, as a chart and as a table below it</figcaption>
      <div ref={place} class="chart-canvas" aria-hidden="true" />
      <details>
        <summary>The numbers</summary>
        <Table
          caption={label}
          rows={rows}
          keyOf={(row) => row.start}
          empty="Nothing was judged in this time."
          columns={[
            { label: by === 'day' ? 'Day' : 'Hour', class: 'time', cell: (row) => bucketName(row.start, by) },
            {
              label: 'Paid periods',
              class: 'number',
              cell: (row) => `${row.paid_periods} of ${row.periods}`,
            },
            { label: 'Earned', class: 'number', cell: (row) => dollars(microUsd(row.earned_usd)) },
          ]}
        />
      </details>
    </figure>
  );
}
