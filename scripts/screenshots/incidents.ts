import { defaultServices } from '#monitoring';

export interface Incident {
  orchestrator: number;
  startMs: number;
  minutes: number;
  /** Null: the worker gave no report. */
  service: string | null;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Always the same numbers (mulberry32), so that pictures change only when the page does. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A month of a fleet as fleets are: most days nothing, some short restarts, now and then an hour, two of them now. */
export function incidentsOf(orchestrators: number, nowMs: number, days: number): Incident[] {
  const next = numbersFrom(8);
  const incidents: Incident[] = [];
  const firstMs = Math.floor(nowMs / minuteMs) * minuteMs - days * dayMs;
  for (let orchestrator = 0; orchestrator < orchestrators; orchestrator += 1) {
    // Some operators are better than others.
    const aDay = 0.3 + 2.2 * next() ** 3;
    for (let number = 0; number < aDay * days; number += 1) {
      const isLong = next() < 0.12;
      const service = next() < 0.15 ? null : (defaultServices[Math.floor(next() * 7)] ?? null);
      const startMs = firstMs + Math.floor((next() * days * dayMs) / minuteMs) * minuteMs;
      const minutes = 1 + Math.floor((isLong ? 140 : 6) * next());
      incidents.push({ orchestrator, startMs, minutes, service });
    }
  }
  const untilNow = (minutes: number) => ({
    startMs: Math.floor(nowMs / minuteMs) * minuteMs - minutes * minuteMs,
    minutes,
  });
  return [
    ...incidents,
    { orchestrator: 2, service: 'scb_gateway', ...untilNow(34) },
    { orchestrator: 9, service: null, ...untilNow(7) },
    { orchestrator: 4, service: 'vtuber-ollama', startMs: untilNow(48).startMs, minutes: 11 },
  ];
}
