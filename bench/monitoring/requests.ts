import type { BenchmarkContext, Measurement } from '../benchmark.js';
import { Child } from '../run/child.js';
import { median } from '../run/statistics.js';
import { type Load, loadResultSchema } from './load-protocol.js';

const job = { agent_id: 'bench', action: 'uptime' };

interface Kind {
  what: string;
  load: Pick<Load, 'method' | 'path' | 'body' | 'challenges'>;
  atLeast: number;
  p99AtMost?: number;
}

const kinds: Kind[] = [
  {
    what: 'POST /agent-net',
    load: { method: 'POST', path: '/agent-net', body: job, challenges: false },
    atLeast: 4_000,
    p99AtMost: 10,
  },
  {
    what: 'POST /agent-net, each with a challenge of its own',
    load: { method: 'POST', path: '/agent-net', body: job, challenges: true },
    atLeast: 2_000,
  },
  {
    what: 'GET /service-uptime',
    load: { method: 'GET', path: '/service-uptime', body: null, challenges: false },
    atLeast: 6_000,
  },
];

export interface RequestOptions {
  url: string;
  seconds: number;
  repetitions: number;
}

/** Requests per second at concurrency 16 over kept connections, from a process of its own. */
export async function measureRequests(
  context: BenchmarkContext,
  { url, seconds, repetitions }: RequestOptions,
): Promise<Measurement[]> {
  const child = Child.start(new URL('load-process.js', import.meta.url), null, context.cleanUp);
  const ask = (load: Kind['load'], forSeconds: number) =>
    child.ask({ url, concurrency: 16, seconds: forSeconds, ...load }, loadResultSchema);
  const measurements: Measurement[] = [];
  for (const { what, load, atLeast, p99AtMost } of kinds) {
    context.progress(what);
    await ask(load, seconds / 2);
    const results = [];
    for (let n = 0; n < repetitions; n++) results.push(await ask(load, seconds));
    const rates = results.map(({ perSecond }) => perSecond);
    const p99s = results.map(({ p99Ms }) => p99Ms);
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    if (failed > 0) throw new Error(`${what}: ${failed} answers were no 200`);
    measurements.push(
      { what, unit: 'per second', value: median(rates), worst: Math.min(...rates), target: { atLeast } },
      {
        what: `${what}, p99`,
        unit: 'ms',
        value: median(p99s),
        worst: Math.max(...p99s),
        ...(p99AtMost !== undefined && { target: { atMost: p99AtMost } }),
      },
    );
  }
  await child.stop();
  return measurements;
}
