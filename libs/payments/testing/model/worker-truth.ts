import { createHash } from 'node:crypto';

/** What one service did within a period, in milliseconds that add up to it. */
export interface TrueService {
  name: string;
  upMs: number;
  downMs: number;
  startingMs: number;
  unknownMs: number;
}

export const faults = [
  'none',
  'clock a little off',
  'clock far off',
  'stale challenge',
  'other window',
  'changed after signing',
  'malformed',
] as const;
export type Fault = (typeof faults)[number];

/** All that a worker will ever say about one period, and what is wrong with how it says it. */
export interface Truth {
  services: TrueService[];
  /** When all of `services` were up at once. */
  allUpMs: number;
  fault: Fault;
}

/** Numbers that depend on the text alone, each below the bound that it is asked with. */
function dice(text: string): (bound: number) => number {
  let bytes = createHash('sha256').update(text).digest();
  let at = 0;
  return (bound) => {
    if (at + 4 > bytes.length) {
      bytes = createHash('sha256').update(bytes).digest();
      at = 0;
    }
    at += 4;
    return bytes.readUInt32BE(at - 4) % bound;
  };
}

/** Thresholds at whose edge outages are made; the policies of the tests use them. */
export const edgesBp = [9_500, 9_900, 9_000, 5_000, 0, 9_999];

interface Outage {
  fromMs: number;
  toMs: number;
  kind: 'down' | 'starting' | 'unknown';
}

/** At an edge: as long as just passes, just does not, or a millisecond beside that, for one, two or three services. */
function outage(roll: (bound: number) => number, windowMs: number): Outage {
  const edge = edgesBp[roll(edgesBp.length)] ?? 0;
  const exactMs = Math.floor((windowMs * (1 + roll(3)) * (10_000 - edge)) / 10_000);
  const lengthMs = roll(4) === 0 ? roll(windowMs + 1) : exactMs + roll(3) - 1;
  const clampedMs = Math.min(windowMs, Math.max(0, lengthMs));
  const fromMs = roll(windowMs - clampedMs + 1);
  return {
    fromMs,
    toMs: fromMs + clampedMs,
    kind: (['down', 'starting', 'unknown'] as const)[roll(3)] ?? 'down',
  };
}

const stated = (name: string, windowMs: number, { fromMs, toMs, kind }: Outage): TrueService => ({
  name,
  upMs: windowMs - (toMs - fromMs),
  downMs: kind === 'down' ? toMs - fromMs : 0,
  startingMs: kind === 'starting' ? toMs - fromMs : 0,
  unknownMs: kind === 'unknown' ? toMs - fromMs : 0,
});

/** Length of the union, by the sweep over its begins. */
function coveredMs(outages: readonly Outage[]): number {
  let covered = 0;
  let untilMs = 0;
  for (const { fromMs, toMs } of [...outages].sort((a, b) => a.fromMs - b.fromMs)) {
    covered += Math.max(0, toMs - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return covered;
}

/** The truth about a period is a function of the worker's name and the period: asked again, it says the same. */
export function truthOf(worker: string, names: readonly string[], fromMs: number, toMs: number): Truth {
  const roll = dice(`${worker}/${fromMs}`);
  const windowMs = toMs - fromMs;
  const calm: Outage = { fromMs: 0, toMs: 0, kind: 'down' };
  const mood = roll(10);
  const present = mood === 9 ? names.filter(() => roll(2) === 0) : names;
  const troubled = mood < 5 ? -1 : roll(Math.max(1, present.length));
  const outages = present.map((_, index) =>
    index === troubled || (mood === 8 && roll(2) === 0) ? outage(roll, windowMs) : calm,
  );
  const fault = roll(5) === 0 ? faults[roll(faults.length)] : 'none';
  return {
    services: present.map((name, index) => stated(name, windowMs, outages[index] ?? calm)),
    allUpMs: present.length === 0 ? 0 : windowMs - coveredMs(outages),
    fault: fault ?? 'none',
  };
}
