import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { aggregateUptime, floorPercentage, isAboveThreshold, uptimeAggregations } from './aggregation.js';

const window = (services: Record<string, number>, allUpMs = 0) => ({
  windowMs: 60_000n,
  services: Object.entries(services).map(([name, upMs]) => ({ name, upMs: BigInt(upMs) })),
  allUpMs: BigInt(allUpMs),
});

describe('the mean over the required services', () => {
  it('is the sum of up times against the sum of windows', () => {
    expect(aggregateUptime(window({ a: 60_000, b: 30_000 }), ['a', 'b'], 'mean')).toEqual({
      upMs: 90_000n,
      windowMs: 120_000n,
      missing: [],
    });
  });

  it('counts a required service that the report lacks as a window without up time', () => {
    expect(aggregateUptime(window({ a: 60_000 }), ['a', 'b'], 'mean')).toEqual({
      upMs: 60_000n,
      windowMs: 120_000n,
      missing: ['b'],
    });
  });

  it('ignores services that nobody required', () => {
    expect(aggregateUptime(window({ a: 30_000, extra: 60_000 }), ['a'], 'mean')).toMatchObject({
      upMs: 30_000n,
      windowMs: 60_000n,
    });
  });

  it('counts a service once that is required twice', () => {
    expect(aggregateUptime(window({ a: 30_000 }), ['a', 'a', 'b', 'b'], 'mean')).toEqual({
      upMs: 30_000n,
      windowMs: 120_000n,
      missing: ['b'],
    });
  });
});

describe('the worst of the required services', () => {
  it('decides', () => {
    expect(aggregateUptime(window({ a: 60_000, b: 12_000, extra: 0 }), ['a', 'b'], 'min')).toMatchObject({
      upMs: 12_000n,
      windowMs: 60_000n,
    });
  });

  it('is zero when one is missing', () => {
    expect(aggregateUptime(window({ a: 60_000 }), ['a', 'b'], 'min')).toEqual({
      upMs: 0n,
      windowMs: 60_000n,
      missing: ['b'],
    });
  });
});

describe('the time in which all required services were up', () => {
  it('is what the report states when it is about exactly these services', () => {
    expect(aggregateUptime(window({ a: 50_000, b: 50_000 }, 45_000), ['b', 'a'], 'all')).toMatchObject({
      upMs: 45_000n,
      windowMs: 60_000n,
    });
  });

  it('is what is certain when the report also counts other services', () => {
    // `extra` was never up, so the report says 0; outages of 5 s and 10 s leave at least 45 s in common.
    expect(aggregateUptime(window({ a: 55_000, b: 50_000, extra: 0 }, 0), ['a', 'b'], 'all').upMs).toBe(
      45_000n,
    );
    // The report states more than the outages alone would prove.
    expect(
      aggregateUptime(window({ a: 30_000, b: 30_000, extra: 40_000 }, 20_000), ['a', 'b'], 'all').upMs,
    ).toBe(20_000n);
    expect(aggregateUptime(window({ a: 20_000, b: 20_000, extra: 0 }, 0), ['a', 'b'], 'all').upMs).toBe(0n);
  });

  it('is zero when one is missing, whatever the report states', () => {
    expect(aggregateUptime(window({ a: 60_000 }, 60_000), ['a', 'b'], 'all')).toEqual({
      upMs: 0n,
      windowMs: 60_000n,
      missing: ['b'],
    });
  });
});

describe('any aggregation', () => {
  it.each(uptimeAggregations)('%s of nothing required is never above a threshold', (aggregation) => {
    const uptime = aggregateUptime(window({ a: 60_000 }, 60_000), [], aggregation);
    expect(uptime).toEqual({ upMs: 0n, windowMs: 0n, missing: [] });
    expect(isAboveThreshold(uptime, 0n)).toBe(false);
    expect(isAboveThreshold({ upMs: 1n, windowMs: 0n }, 0n)).toBe(false);
  });

  const millis = fc.integer({ min: 0, max: 60_000 });
  const services = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), millis);
  const required = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });

  it('never exceeds the window, nor falls when a service was up for longer', () => {
    fc.assert(
      fc.property(services, required, fc.constantFrom(...uptimeAggregations), (up, names, aggregation) => {
        const measure = (services: Record<string, number>) => {
          const least = Math.min(60_000, ...Object.values(services));
          return aggregateUptime(window(services, least), names, aggregation);
        };
        const uptime = measure(up);
        expect(uptime.upMs).toBeLessThanOrEqual(uptime.windowMs);
        expect(uptime.upMs).toBeGreaterThanOrEqual(0n);
        const longer = measure(Object.fromEntries(Object.keys(up).map((name) => [name, 60_000])));
        expect(longer.upMs).toBeGreaterThanOrEqual(uptime.upMs);
      }),
    );
  });
});

describe('the threshold', () => {
  it('must be exceeded, not met', () => {
    expect(isAboveThreshold({ upMs: 57_000n, windowMs: 60_000n }, 9_500n)).toBe(false);
    expect(isAboveThreshold({ upMs: 57_001n, windowMs: 60_000n }, 9_500n)).toBe(true);
    expect(isAboveThreshold({ upMs: 56_999n, windowMs: 60_000n }, 9_500n)).toBe(false);
  });

  it('of 100 % is never exceeded, of 0 % by the first millisecond', () => {
    expect(isAboveThreshold({ upMs: 60_000n, windowMs: 60_000n }, 10_000n)).toBe(false);
    expect(isAboveThreshold({ upMs: 0n, windowMs: 60_000n }, 0n)).toBe(false);
    expect(isAboveThreshold({ upMs: 1n, windowMs: 60_000n }, 0n)).toBe(true);
  });

  it('is exact where a floating-point number is not', () => {
    const windowMs = 10n ** 18n;
    expect(isAboveThreshold({ upMs: (windowMs * 95n) / 100n, windowMs }, 9_500n)).toBe(false);
    expect(isAboveThreshold({ upMs: (windowMs * 95n) / 100n + 1n, windowMs }, 9_500n)).toBe(true);
  });
});

describe('the percentage for people', () => {
  it.each([
    [94_996n, 100_000n, 94.99],
    [99_999n, 100_000n, 99.99],
    [60_000n, 60_000n, 100],
    [1n, 60_000n, 0],
    [0n, 0n, 0],
  ])('of %s in %s ms is floored to %s', (upMs, windowMs, percentage) => {
    expect(floorPercentage({ upMs, windowMs })).toBe(percentage);
  });
});
