import type { JobOutcome } from '#livepeer';

export interface Summary {
  sent: number;
  succeeded: number;
  transient: number;
  permanent: number;
  unknown: number;
  /** Meant to be sent, and not sent because too many were unanswered; they count as failed. */
  skipped: number;
  /** Of all that were meant to be sent, floored to two decimals. */
  success_percentage: number;
  /** Of successes and failures alike, milliseconds; null before the first answer. */
  latency_ms: { p50: number; p90: number; p95: number; p99: number; max: number } | null;
  /** Each different reason, the most frequent first. */
  reasons: { detail: string; count: number }[];
}

/** Counts outcomes. Latencies are kept whole: a run of a day at ten a second is some megabytes. */
export class Tally {
  private readonly latencies: number[] = [];
  private readonly counts = { success: 0, transient: 0, permanent: 0, unknown: 0 };
  private readonly reasons = new Map<string, number>();
  private skipped = 0;

  add(outcome: JobOutcome, latencyMs: number): void {
    this.counts[outcome.kind] += 1;
    this.latencies.push(latencyMs);
    if (outcome.kind !== 'success') {
      this.reasons.set(outcome.detail, (this.reasons.get(outcome.detail) ?? 0) + 1);
    }
  }

  skip(): void {
    this.skipped += 1;
  }

  summary(): Summary {
    const { success, transient, permanent, unknown } = this.counts;
    const sent = success + transient + permanent + unknown;
    return {
      sent,
      succeeded: success,
      transient,
      permanent,
      unknown,
      skipped: this.skipped,
      success_percentage: percentage(success, sent + this.skipped),
      latency_ms: latencySummary(this.latencies),
      reasons: [...this.reasons]
        .map(([detail, count]) => ({ detail, count }))
        .sort((a, b) => b.count - a.count),
    };
  }
}

/** The nearest rank: the smallest value that at least `share` of all values do not exceed. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function latencySummary(latencies: readonly number[]): Summary['latency_ms'] {
  const sorted = [...latencies].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const at = (share: number): number => round(percentile(sorted, share) ?? 0);
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** Floored: 999 of 1000 is never shown as a whole. */
function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part * 10_000) / whole) / 100;
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
