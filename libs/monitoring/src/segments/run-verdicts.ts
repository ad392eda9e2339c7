import { maxInferredMs } from './gap.js';
import {
  afterResult,
  judgeCondition,
  judgeOutcome,
  pendingCondition,
  type ProbeCondition,
  staleAtMs,
} from './probe-condition.js';
import { maxUndecidedMs, type ProbeResult, type ProbeRules } from './probe-result.js';
import { type JudgedState, unknownBecause } from './service-state.js';

/** A span of a run in which the probe says the same. */
export interface Verdict extends JudgedState {
  fromMs: number;
  toMs: number;
}

const unknown = (reason: string): JudgedState => ({ state: 'unknown', reason });

/** The last success before the worker was away. */
export interface ProbedBefore {
  probedAtMs: number;
  /** Up to here everything is accounted for. */
  watermarkMs: number;
  nowMs: number;
}

/**
 * What a probe says of each moment of one run of a container. Between two successes the service passes, and between a
 * success and the failure after it up to the question that was not answered well. What is decided stays so.
 */
export class RunVerdicts {
  private condition: ProbeCondition = pendingCondition;
  private spans: Verdict[] = [];
  /** Up to here nothing changes any more. */
  private decidedMs = -Infinity;
  private isAsking = false;
  private undecidedSinceMs = Infinity;
  private closedMs: number | null = null;
  /** Set until the first result after an absence. */
  private before: ProbedBefore | null = null;

  constructor(private readonly rules: ProbeRules) {}

  /** Goes on with a run that passed before the worker was away: what the first result says decides over the absence. */
  static after(before: ProbedBefore, rules: ProbeRules): RunVerdicts {
    const verdicts = new RunVerdicts(rules);
    verdicts.before = before;
    verdicts.decidedMs = before.watermarkMs;
    verdicts.undecidedSinceMs = before.nowMs;
    return verdicts;
  }

  /** From here on it is open; Infinity when all is decided up to now. */
  get openFromMs(): number {
    return this.isOpen() ? this.decidedMs : Infinity;
  }

  private isOpen() {
    return this.isAsking || this.condition.doubts.length > 0 || this.before !== null;
  }

  asked(askedMs: number): void {
    if (this.closedMs !== null) this.reopen(askedMs);
    if (!this.isOpen()) {
      this.decide(askedMs);
      this.undecidedSinceMs = askedMs;
    }
    this.isAsking = true;
  }

  /** The question was given up because it says nothing any more. */
  dropped(): void {
    this.isAsking = false;
  }

  answered(result: ProbeResult): void {
    if (this.closedMs !== null) return;
    this.isAsking = false;
    if (this.before) this.endAbsence(this.before, result);
    this.endOverdueDoubt(result.askedMs);
    const after = afterResult(this.condition, result, this.rules);
    const { phase } = this.condition;
    if (phase === 'passing' && after.phase === 'failing') {
      this.fail([...this.condition.doubts, result], result.answeredMs);
    } else if (phase !== 'passing' && result.outcome.kind !== 'passed') {
      this.decide(result.askedMs);
      this.condition = after;
      this.decide(result.answeredMs);
    } else if (after.doubts.length === 0) this.decide(result.answeredMs);
    this.condition = after;
  }

  /** Another run has begun, or this one has ended: what is open stays without success. */
  close(atMs: number): void {
    if (this.closedMs !== null) return;
    this.closedMs = atMs;
    this.isAsking = false;
    const { doubts } = this.condition;
    if (this.before) this.push(atMs, unknown(unknownBecause.workerNotRunning));
    this.before = null;
    if (doubts.length > 0) this.condition = { ...this.condition, phase: 'failing', doubts: [] };
  }

  /** The container was renamed away and has its name back. */
  private reopen(askedMs: number) {
    this.decide(askedMs);
    this.condition = pendingCondition;
    this.closedMs = null;
  }

  isOver(untilMs: number): boolean {
    return this.closedMs !== null && this.closedMs <= untilMs;
  }

  /** What has been open for too long is unknown for good. */
  giveUp(nowMs: number): void {
    if (!this.isOpen() || nowMs - this.undecidedSinceMs <= maxUndecidedMs) return;
    const reason = this.before ? unknownBecause.workerNotRunning : unknownBecause.probeTimedOut;
    this.before = null;
    this.push(nowMs, unknown(reason));
  }

  /** When the last success was, if the run has passed from then on without a doubt. */
  passedSince(fromMs: number): number | null {
    const steady =
      this.condition.phase === 'passing' &&
      this.condition.doubts.length === 0 &&
      (staleAtMs(this.condition, this.rules) ?? Infinity) > fromMs &&
      this.spans.every(({ toMs, state }) => toMs <= fromMs || state === 'up');
    return steady ? this.condition.lastSuccessMs : null;
  }

  within(fromMs: number, toMs: number): Verdict[] {
    const tail = this.tail(Math.max(fromMs, this.decidedMs), toMs);
    return [...this.spans, ...tail]
      .map((span) => ({ ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }))
      .filter((span) => span.fromMs < span.toMs);
  }

  forgetUntil(untilMs: number): void {
    this.spans = this.spans.filter(({ toMs }) => toMs > untilMs);
  }

  private endAbsence({ probedAtMs }: ProbedBefore, { outcome, askedMs, answeredMs }: ProbeResult) {
    this.before = null;
    const passed = outcome.kind === 'passed' && answeredMs - probedAtMs <= maxInferredMs;
    if (!passed) this.push(askedMs, unknown(unknownBecause.workerNotRunning));
    else {
      this.push(answeredMs, judgeOutcome(outcome));
      this.condition = { ...pendingCondition, phase: 'passing', sinceMs: probedAtMs };
    }
  }

  /** Nobody asked again in time after a question without success: no later success speaks for that time any more. */
  private endOverdueDoubt(askedMs: number) {
    const { phase, doubts } = this.condition;
    const staleMs = staleAtMs(this.condition, this.rules) ?? Infinity;
    const [first] = doubts;
    if (phase !== 'passing' || !first || askedMs <= staleMs) return;
    this.fail(doubts, staleMs);
    this.push(askedMs, unknown(unknownBecause.probeOverdue));
    this.condition = { ...this.condition, phase: 'failing', sinceMs: first.askedMs, doubts: [] };
  }

  /** Results in a row without success, each speaking for the time until the next. */
  private fail(results: readonly ProbeResult[], untilMs: number) {
    results.forEach(({ outcome }, at) => {
      this.push(results[at + 1]?.askedMs ?? untilMs, judgeOutcome(outcome));
    });
  }

  private decide(untilMs: number) {
    for (const { toMs, state, reason } of this.tail(this.decidedMs, untilMs)) {
      this.push(toMs, { state, reason });
    }
  }

  private push(toMs: number, { state, reason }: JudgedState) {
    if (toMs <= this.decidedMs) return;
    this.spans.push({ fromMs: this.decidedMs, toMs, state, reason });
    this.decidedMs = toMs;
  }

  /** What the condition says of the time after that which is decided, when no further result comes. */
  private tail(fromMs: number, toMs: number): Verdict[] {
    const judged = judgeCondition(this.condition);
    const staleMs = Math.max(fromMs, staleAtMs(this.condition, this.rules) ?? Infinity);
    return [
      { fromMs, toMs: Math.min(toMs, staleMs), ...judged },
      { fromMs: staleMs, toMs, ...unknown(unknownBecause.probeOverdue) },
    ].filter((span) => span.fromMs < span.toMs);
  }
}
