import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Tally, percentile } from './tally.js';

const success = {
  kind: 'success',
  orchestratorUrl: 'https://orch:9995',
  balance: '0',
  metadata: null,
  body: {},
  latencyMs: 1,
} as const;
const failure = (detail: string) => ({ kind: 'transient', status: 503, detail, latencyMs: 1 }) as const;

describe('a tally', () => {
  it('floors the share of successes, and counts what was not sent as failed', () => {
    const tally = new Tally();
    for (let turn = 0; turn < 19_999; turn += 1) tally.add(success, 10);
    tally.skip();
    expect(tally.summary()).toMatchObject({
      sent: 19_999,
      succeeded: 19_999,
      skipped: 1,
      success_percentage: 99.99,
    });
  });

  it('names reasons by how often they came', () => {
    const tally = new Tally();
    for (const detail of ['a', 'b', 'b']) tally.add(failure(detail), 5);
    expect(tally.summary().reasons).toEqual([
      { detail: 'b', count: 2 },
      { detail: 'a', count: 1 },
    ]);
    expect(tally.summary()).toMatchObject({ success_percentage: 0, transient: 3 });
  });

  it('has no latency and no success before the first answer', () => {
    expect(new Tally().summary()).toMatchObject({ sent: 0, success_percentage: 0, latency_ms: null });
  });

  it('takes percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([0.5, 0.9, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([
      50, 90, 95, 99, 100,
    ]);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeUndefined();
  });

  it('takes a percentile that enough values do not exceed, and that is one of them', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (latencies, share) => {
        const sorted = [...latencies].sort((a, b) => a - b);
        const value = percentile(sorted, share)!;
        expect(sorted).toContain(value);
        expect(sorted.filter((latency) => latency <= value).length).toBeGreaterThanOrEqual(
          sorted.length * share,
        );
      }),
    );
  });
});
