import type { EvidenceSource } from '#payments';
import type { MetricsRegistry } from '#platform';
import { Histogram } from 'prom-client';

/** How long questions take, by what came of them. */
export function measured(source: EvidenceSource, registry: MetricsRegistry): EvidenceSource {
  const seconds = new Histogram({
    name: 'distributor_evidence_request_duration_seconds',
    help: 'From a question to a worker to its answer: report, not-yet or failed',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.2, 1, 5, 15],
    registers: [registry],
  });
  return {
    async fetch(request) {
      const startedMs = performance.now();
      const outcome = await source.fetch(request);
      seconds.observe({ outcome: outcome.kind }, (performance.now() - startedMs) / 1_000);
      return outcome;
    },
  };
}
