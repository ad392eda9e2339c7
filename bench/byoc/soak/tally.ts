import type { JobKind, Verdict } from './jobs.js';
import type { Watch } from './watch.js';

type Outcome = Verdict['outcome'];

/** What is kept of what was wrong: enough to find the cause. */
const mostExamples = 20;

/** Counts jobs by kind and outcome. */
export class Tally {
  readonly counts = new Map<JobKind, Map<Outcome, number>>();
  /** Each different reason of failures that something excuses. */
  readonly reasons = new Map<string, number>();
  /** Wrongly answered, or failed although nothing was the matter. */
  readonly violations: string[] = [];
  violated = 0;
  total = 0;

  add({ kind, outcome, detail }: Verdict, isExcused: boolean): void {
    this.total += 1;
    const ofKind = this.counts.get(kind) ?? new Map<Outcome, number>();
    ofKind.set(outcome, (ofKind.get(outcome) ?? 0) + 1);
    this.counts.set(kind, ofKind);
    if (outcome === 'failed') {
      const reason = detail.replace(/127\.0\.0\.1:\d+/g, '…').slice(0, 120);
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    }
    if (outcome === 'wrong') this.violate(`${kind}: ${detail}`);
    else if (outcome === 'failed' && !isExcused) this.violate(`${kind} failed without a reason: ${detail}`);
  }

  count(outcome: Outcome): number {
    return [...this.counts.values()].reduce((sum, ofKind) => sum + (ofKind.get(outcome) ?? 0), 0);
  }

  describe(jobs: number, { losses, leaks }: Watch): string {
    const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
    return (
      `${this.total} of ${jobs} jobs: ${this.count('answered')} answered, ${this.count('refused')} refused, ` +
      `${this.count('failed')} failed, ${this.count('left')} left, ${this.violated} wrong; ` +
      `${losses.count} losses (≤ ${seconds(losses.longestMs)}), ${leaks.count} leaks (≤ ${seconds(leaks.longestMs)})`
    );
  }

  private violate(text: string): void {
    this.violated += 1;
    if (this.violations.length < mostExamples) this.violations.push(text);
  }
}
