import { request } from 'undici';

/** Jobs by how long they took at most: the worker's own histogram, from the headers of a job to the end of its answer. */
export type Buckets = readonly { atMostMs: number; jobs: number }[];

const line = /^worker_job_duration_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;

export async function readBuckets(workerUrl: string): Promise<Buckets> {
  const { body } = await request(`${workerUrl}/metrics`);
  return [...(await body.text()).matchAll(line)].map(([, bound = '', jobs = '']) => ({
    atMostMs: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound) * 1_000,
    jobs: Number(jobs),
  }));
}

export const bucketsBetween = (before: Buckets, after: Buckets): Buckets =>
  after.map(({ atMostMs, jobs }, index) => ({ atMostMs, jobs: jobs - (before[index]?.jobs ?? 0) }));

/** As Prometheus' `histogram_quantile`: evenly spread within a bucket. */
export function quantile(buckets: Buckets, share: number): number {
  const wanted = (buckets.at(-1)?.jobs ?? 0) * share;
  let [fromMs, below] = [0, 0];
  for (const { atMostMs, jobs } of buckets) {
    if (jobs >= wanted && jobs > below) {
      if (!Number.isFinite(atMostMs)) return fromMs;
      return fromMs + (atMostMs - fromMs) * ((wanted - below) / (jobs - below));
    }
    [fromMs, below] = [atMostMs, jobs];
  }
  return Number.NaN;
}
