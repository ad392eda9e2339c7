import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';

import { answerWith } from '../run/answering.js';
import { type Load, loadResultSchema, loadSchema } from './load-protocol.js';

const percentile = (sorted: Float64Array, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

async function run({ url, method, path, body, challenges, concurrency, seconds }: Load) {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const endMs = performance.now() + seconds * 1_000;
  const times: number[] = [];
  let failed = 0;
  const bodyOf = () => {
    if (body === null) return null;
    return JSON.stringify(challenges ? { ...body, challenge: `0x${randomBytes(32).toString('hex')}` } : body);
  };
  const headers = body === null ? {} : { 'content-type': 'application/json' };
  const lane = async () => {
    for (let startedMs = performance.now(); startedMs < endMs; startedMs = performance.now()) {
      const answer = await pool.request({ method, path, headers, body: bodyOf() });
      await answer.body.dump({ limit: 1_000_000 });
      if (answer.statusCode !== 200) failed += 1;
      times.push(performance.now() - startedMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, lane));
  const tookMs = performance.now() - startedMs;
  await pool.close();
  const sorted = Float64Array.from(times).sort();
  return loadResultSchema.parse({
    perSecond: (times.length * 1_000) / tookMs,
    medianMs: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    failed,
  });
}

answerWith(loadSchema, run);
