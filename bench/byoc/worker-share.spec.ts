import { describe, expect, it } from '@jest/globals';

import { bucketsBetween, quantile } from './worker-share.js';

const buckets = (...jobs: number[]) =>
  [1, 5, 10, Number.POSITIVE_INFINITY].map((atMostMs, index) => ({ atMostMs, jobs: jobs[index] ?? 0 }));

describe('the share of the worker, by its histogram', () => {
  it('is that of the jobs in between', () => {
    expect(bucketsBetween(buckets(1, 2, 3, 4), buckets(11, 22, 33, 44))).toEqual(buckets(10, 20, 30, 40));
  });

  it.each([
    [buckets(100, 100, 100, 100), 0.5, 0.5],
    [buckets(50, 100, 100, 100), 0.75, 3],
    [buckets(0, 0, 100, 100), 0.99, 9.95],
    [buckets(0, 0, 0, 100), 0.99, 10],
  ])('of %j at %s is %s ms', (counts, share, ms) => {
    expect(quantile(counts, share)).toBeCloseTo(ms, 6);
  });

  it('of no job is no number', () => {
    expect(quantile(buckets(0, 0, 0, 0), 0.5)).toBeNaN();
  });
});
