import { ended } from './judge-finding.js';
import type { Observation } from './observation.js';
import { type ProbeResult, type ProbeRules, type RunKey, runKeyOf } from './probe-result.js';
import { type ProbedBefore, RunVerdicts } from './run-verdicts.js';
import { type Segment, unknownBecause } from './service-state.js';

/** What the probe of one service says, run by run of its containers. */
export class ProbeTrack {
  private readonly runs = new Map<RunKey, { verdicts: RunVerdicts; sinceMs: number }>();

  constructor(
    private readonly rules: ProbeRules,
    before?: ProbedBefore & { run: RunKey },
  ) {
    if (!before) return;
    const verdicts = RunVerdicts.after(before, rules);
    this.runs.set(before.run, { verdicts, sinceMs: before.watermarkMs });
  }

  /** Nothing before this changes any more; Infinity when nothing is open. */
  get openFromMs(): number {
    return Math.min(Infinity, ...this.verdicts().map(({ openFromMs }) => openFromMs));
  }

  asked(run: RunKey, askedMs: number): void {
    let known = this.runs.get(run);
    if (!known) {
      known = { verdicts: new RunVerdicts(this.rules), sinceMs: askedMs };
      this.runs.set(run, known);
    }
    known.verdicts.asked(askedMs);
  }

  dropped(run: RunKey): void {
    this.runs.get(run)?.verdicts.dropped();
  }

  answered(result: ProbeResult): void {
    this.runs.get(result.run)?.verdicts.answered(result);
  }

  /** An inspection says which run there is: those that were known before it and are others have ended. */
  seen({ finding, askedAt, answeredAt }: Observation): void {
    if (finding.kind === 'unanswered') return;
    const container = finding.kind === 'container' ? finding.container : null;
    const current = container && !ended.has(container.status) ? runKeyOf(container) : null;
    for (const [run, { verdicts, sinceMs }] of this.runs) {
      if (run !== current && sinceMs <= askedAt.wallMs) verdicts.close(answeredAt.wallMs);
    }
  }

  giveUp(nowMs: number): void {
    for (const verdicts of this.verdicts()) verdicts.giveUp(nowMs);
  }

  /** Of what the container makes up time only that is left in which the probe passes. */
  judge(segment: Segment): Segment[] {
    if (segment.state !== 'up') return [segment];
    const known = segment.run === undefined ? undefined : this.runs.get(segment.run);
    const verdicts = known?.verdicts ?? new RunVerdicts(this.rules);
    return verdicts.within(segment.fromMs, segment.toMs).map((verdict) => {
      if (verdict.state === 'up') return { ...segment, fromMs: verdict.fromMs, toMs: verdict.toMs };
      const unseen = { state: 'unknown' as const, reason: unknownBecause.workerNotRunning };
      return { ...segment, ...verdict, ...(segment.inferred && unseen), inferred: false };
    });
  }

  /** When this run's last success was, if it passed from `fromMs` on; null when that is not certain. */
  passedSince(run: RunKey, fromMs: number): number | null {
    return this.runs.get(run)?.verdicts.passedSince(fromMs) ?? null;
  }

  forgetUntil(untilMs: number): void {
    for (const [run, { verdicts }] of this.runs) {
      if (verdicts.isOver(untilMs)) this.runs.delete(run);
      else verdicts.forgetUntil(untilMs);
    }
  }

  private verdicts(): RunVerdicts[] {
    return [...this.runs.values()].map(({ verdicts }) => verdicts);
  }
}
