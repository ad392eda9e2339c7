import { useRef, useState } from 'preact/hooks';
import type { Tone } from '../words.js';

export interface Bar {
  tone: Tone | 'none';
  /** What the bar stands for, the first line in bold; read aloud as it stands. Of thousands of bars few are ever asked. */
  lines: () => readonly string[];
}

/** Colour alone must not carry the state: each state has a height of its own too. */
const heights = { up: 20, partly: 15, down: 10, unknown: 6, none: 3 };
const classes = { up: 'up', partly: 'partly', down: 'down', unknown: 'unknown', none: 'empty-bar' };
const tones = ['up', 'partly', 'down', 'unknown', 'none'] as const;
const step = 10;

const pathOf = (bars: readonly Bar[], tone: Bar['tone']): string =>
  bars
    .map((bar, place) =>
      bar.tone === tone ? `M${place + 0.1} 20v${-heights[tone]}h.8v${heights[tone]}z` : '',
    )
    .join('');

const moves: Record<string, (place: number, last: number) => number> = {
  ArrowLeft: (place) => place - 1,
  ArrowDown: (place) => place - 1,
  ArrowRight: (place) => place + 1,
  ArrowUp: (place) => place + 1,
  PageDown: (place) => place - step,
  PageUp: (place) => place + step,
  Home: () => 0,
  End: (_place, last) => last,
};

/** Uptime bars, the oldest first: one tab stop; arrows walk from bar to bar, as the pointer does. */
export function Strip({
  bars,
  label,
  heightPx = 30,
}: {
  bars: readonly Bar[];
  label: string;
  heightPx?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<number | null>(null);
  const last = bars.length - 1;
  const place = Math.min(active ?? last, last);
  const lines = bars[place]?.lines() ?? [];

  const at = (event: PointerEvent) => {
    const area = box.current?.getBoundingClientRect();
    if (area === undefined || area.width === 0) return;
    setActive(
      Math.max(0, Math.min(last, Math.floor(((event.clientX - area.left) / area.width) * bars.length))),
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setActive(null);
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    setActive(Math.max(0, Math.min(last, move(place, last))));
  };
  if (bars.length === 0) return null;
  return (
    <div
      ref={box}
      class="strip"
      style={{ height: `${heightPx}px` }}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-readonly="true"
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={place}
      aria-valuetext={lines.join('. ')}
      onPointerMove={at}
      onPointerDown={at}
      onPointerLeave={() => {
        setActive(null);
      }}
      onFocus={() => {
        setActive((before) => before ?? last);
      }}
      onBlur={() => {
        setActive(null);
      }}
      onKeyDown={onKeyDown}
    >
      <svg viewBox={`0 0 ${bars.length} 20`} preserveAspectRatio="none" aria-hidden="true">
        {tones.map((tone) => (
          <path key={tone} class={classes[tone]} d={pathOf(bars, tone)} />
        ))}
        {active !== null && <rect class="cursor" x={place + 0.02} y={0} width={0.96} height={20} />}
      </svg>
      {active !== null && <Tip box={box.current} share={(place + 0.5) / bars.length} lines={lines} />}
    </div>
  );
}

function Tip({ box, share, lines }: { box: HTMLElement | null; share: number; lines: readonly string[] }) {
  if (box === null) return null;
  const area = box.getBoundingClientRect();
  const middle = area.left + area.width * share;
  const isLeft = middle < window.innerWidth / 2;
  const [first, ...rest] = lines;
  return (
    <div
      class="tip"
      role="tooltip"
      style={{
        ...(isLeft
          ? { left: `${Math.max(8, middle - 24)}px` }
          : { right: `${Math.max(8, window.innerWidth - middle - 24)}px` }),
        ...(area.bottom + 130 > window.innerHeight
          ? { bottom: `${window.innerHeight - area.top + 8}px` }
          : { top: `${area.bottom + 8}px` }),
      }}
    >
      <p>
        <strong>{first}</strong>
      </p>
      {rest.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

export const Legend = () => (
  <div class="legend">
    <span>
      <i data-tone="up" /> up, paid
    </span>
    <span>
      <i data-tone="partly" /> partly
    </span>
    <span>
      <i data-tone="down" /> down
    </span>
    <span>
      <i data-tone="unknown" /> no word
    </span>
  </div>
);
