import { type Clock, waitBy } from '../clock.js';
import { afterResult, pendingCondition, type ProbeCondition } from '../segments/probe-condition.js';
import { maxUndecidedMs, type ProbeResult, type ProbeRules, type RunKey } from '../segments/probe-result.js';
import { askWithin } from './ask-within.js';
import type { Probe, ProbedRun } from './probe.js';
import { jitter, type ProbeSettings, probeRules, secretsOf } from './probe-settings.js';
import type { Slots } from './slots.js';

/** The run of a container as it was just seen. */
export interface SeenRun extends ProbedRun {
  key: RunKey;
  paused: boolean;
}

export interface ProberOptions {
  probe: Probe;
  settings: ProbeSettings;
  slots: Slots;
  clock: Clock;
  onAsked: (run: RunKey, askedMs: number) => void;
  /** Null when the question was given up because the run is over. */
  onAnswered: (run: RunKey, result: ProbeResult | null) => void;
}

/**
 * When the next question is due, counted from the last one. While results leave open whether the service passes, it is
 * asked sooner, so that `failAfter` results fit into the time for which that may be open.
 */
export function nextQuestionMs(
  { everyMs, timeoutMs, failAfter }: ProbeSettings,
  isOpen: boolean,
  random: number,
): number {
  const spread = 1 - jitter + 2 * jitter * random;
  if (!isOpen) return everyMs * spread;
  const confirmMs = (maxUndecidedMs - timeoutMs) / Math.max(1, failAfter - 1);
  return Math.min(everyMs * spread, confirmMs * (1 - jitter * random));
}

/** Asks one service again and again while its container runs, one question at a time. */
export class Prober {
  private readonly rules: ProbeRules;
  private readonly secrets: readonly string[];
  private run: SeenRun | null = null;
  private ended = new AbortController();
  private current: ProbeCondition = pendingCondition;

  constructor(private readonly options: ProberOptions) {
    this.rules = probeRules(options.settings);
    this.secrets = secretsOf(options.settings.target);
  }

  /** What the results of the present run say; pending while nothing runs. */
  get condition(): ProbeCondition {
    return this.current;
  }

  /** Null when nothing runs that may be asked. A new run is asked at once; a paused one could not answer. */
  see(run: SeenRun | null): void {
    const isSame = run?.key === this.run?.key;
    if (isSame && run?.paused === this.run?.paused) return;
    this.ended.abort();
    this.run = run;
    if (!isSame) this.current = pendingCondition;
    if (!run || run.paused) return;
    this.ended = new AbortController();
    void this.ask(run, this.ended.signal);
  }

  stop(): void {
    this.see(null);
  }

  private async ask(run: SeenRun, ended: AbortSignal) {
    while (!ended.aborted) {
      const startedMs = this.options.clock.now().monotonicMs;
      await this.question(run, ended);
      const spentMs = this.options.clock.now().monotonicMs - startedMs;
      const isOpen = this.current.doubts.length > 0;
      const dueMs = nextQuestionMs(this.options.settings, isOpen, Math.random());
      await waitBy(this.options.clock, dueMs - spentMs, ended);
    }
  }

  private async question(run: SeenRun, ended: AbortSignal) {
    const { probe, settings, slots, clock, onAsked, onAnswered } = this.options;
    await slots.take();
    try {
      if (ended.aborted) return;
      const askedMs = clock.now().wallMs;
      onAsked(run.key, askedMs);
      const { timeoutMs } = settings;
      const outcome = await askWithin(probe, run, { timeoutMs, secrets: this.secrets, ended });
      const answeredMs = Math.max(askedMs, clock.now().wallMs);
      const result = outcome && { run: run.key, askedMs, answeredMs, outcome };
      if (result) this.current = afterResult(this.current, result, this.rules);
      onAnswered(run.key, result);
    } finally {
      slots.release();
    }
  }
}
