export const uptimeAggregations = ['mean', 'min', 'all'] as const;

/** How the uptimes of several services become one: their mean, the worst one, or the time in which all were up at once. */
export type UptimeAggregation = (typeof uptimeAggregations)[number];

/** The part of a report that decides, in milliseconds. */
export interface MeasuredWindow {
  windowMs: bigint;
  services: readonly { name: string; upMs: bigint }[];
  /** Time in which all of `services` were up at once. */
  allUpMs: bigint;
}

export interface UptimeShare {
  upMs: bigint;
  /** What `upMs` is a share of; zero when nothing was required, which is never enough. */
  windowMs: bigint;
}

export interface AggregatedUptime extends UptimeShare {
  /** Required services that the report does not mention; they have no up time. */
  missing: string[];
}

const least = (values: readonly bigint[]) => values.reduce((a, b) => (b < a ? b : a));
const most = (...values: bigint[]) => values.reduce((a, b) => (b > a ? b : a));
const total = (values: readonly bigint[]) => values.reduce((sum, value) => sum + value, 0n);

/**
 * The uptime of exactly the required services. Services that nobody required count for nothing, required ones that the
 * report lacks count as a whole window without up time.
 */
export function aggregateUptime(
  { windowMs, services, allUpMs }: MeasuredWindow,
  requiredServices: readonly string[],
  aggregation: UptimeAggregation,
): AggregatedUptime {
  const measured = new Map(services.map(({ name, upMs }) => [name, upMs]));
  const required = [...new Set(requiredServices)];
  const missing = required.filter((name) => !measured.has(name));
  if (required.length === 0) return { upMs: 0n, windowMs: 0n, missing };

  const upMs = required.map((name) => measured.get(name) ?? 0n);
  switch (aggregation) {
    case 'mean':
      return { upMs: total(upMs), windowMs: windowMs * BigInt(required.length), missing };
    case 'min':
      return { upMs: least(upMs), windowMs, missing };
    case 'all': {
      if (missing.length > 0) return { upMs: 0n, windowMs, missing };
      if (measured.size === required.length) return { upMs: allUpMs, windowMs, missing };
      // Services beyond the required ones can only have shortened `allUpMs`. What the required ones shared is at least
      // that, and at least what remains when none of their outages overlapped.
      const notUpMs = total(upMs.map((up) => windowMs - up));
      return { upMs: most(allUpMs, windowMs - notUpMs, 0n), windowMs, missing };
    }
  }
}

/** Strictly above: at exactly 95 % a threshold of 95 % is not passed. */
export const isAboveThreshold = ({ upMs, windowMs }: UptimeShare, thresholdBasisPoints: bigint): boolean =>
  windowMs > 0n && upMs * 10_000n > thresholdBasisPoints * windowMs;

/** For people, floored to two decimals (94.996 is 94.99); never what a decision is made from. */
export const floorPercentage = ({ upMs, windowMs }: UptimeShare): number =>
  windowMs > 0n ? Number((upMs * 10_000n) / windowMs) / 100 : 0;
