import { randomInt } from 'node:crypto';

import { FactLogger } from '#platform';

import { assess, type Evidence, type Judgement } from './assess.js';
import type { AssessmentRecord } from './assessment.js';
import { attempt, type Attempted, type NoReport } from './attempt.js';
import type { DecisionWriter } from './decision-writer.js';
import { type HouseRules, judgedEvidence, type JudgedEvidence, termsOf } from './decision.js';
import type { DuePeriod } from './due-periods.js';
import type { EvidenceSource } from './evidence-source.js';
import type { FetchGate, Place } from './fetch-gate.js';
import { retryDelayMs } from './retry.js';
import type { Setbacks } from './setbacks.js';

/** After this long what was claimed but not attempted is left to the next turn; the lease is longer. */
const TURN_MS = 20_000;

/** What the turns of one process share. */
export interface TurnParts {
  gate: FetchGate;
  writer: DecisionWriter;
  setbacks: Setbacks;
  rules: HouseRules;
  fetchTimeoutMs: number;
  evidenceGraceSeconds: number;
  secondQuestionBasisPoints: number;
}

/** Hears of each decision that has been stored. */
export type OnDecided = (record: AssessmentRecord) => void;

/** Takes the periods of one claim through: asks, judges and hands on to be written, each orchestrator by itself. */
export class AssessmentTurn {
  private readonly log = new FactLogger('assessments');
  private readonly startedMs = performance.now();
  private readonly running = new Set<AbortController>();
  /** What is not over yet: orchestrators that are asked, decisions that are written. */
  private readonly underWay = new Set<Promise<void>>();
  #decided = 0;

  constructor(
    private readonly claimedAt: Date,
    private readonly source: EvidenceSource,
    private readonly signal: AbortSignal,
    private readonly parts: TurnParts,
    private readonly onDecided?: OnDecided,
  ) {}

  /**
   * Ends when the last orchestrator is being asked; `ended` waits for the slowest. `onDone` hears of each orchestrator as
   * soon as nothing more is asked of it.
   */
  async askAll(
    byOrchestrator: ReadonlyMap<string, readonly DuePeriod[]>,
    onDone: (orchestratorId: string) => void,
  ): Promise<void> {
    this.signal.addEventListener('abort', this.stop, { once: true });
    for (const [id, periods] of byOrchestrator) {
      // One that waits for its place costs nothing yet.
      const place = await this.place();
      this.follow(
        this.assessOrchestrator(periods, place).then(() => {
          onDone(id);
        }),
      );
    }
  }

  /** Periods that have been decided and stored. */
  get decided(): number {
    return this.#decided;
  }

  async ended(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    this.signal.removeEventListener('abort', this.stop);
  }

  /** To ask one question. */
  private async place(): Promise<Place> {
    await this.parts.writer.room();
    return this.parts.gate.enter();
  }

  private isStopped(): boolean {
    return this.signal.aborted;
  }

  private readonly stop = (): void => {
    for (const attempt of this.running) attempt.abort();
  };

  private follow(work: Promise<void>): void {
    const followed = work.finally(() => this.underWay.delete(followed));
    this.underWay.add(followed);
  }

  /** The database's time, carried on by this process' steady clock. */
  private readonly now = (): Date =>
    new Date(this.claimedAt.getTime() + Math.floor(performance.now() - this.startedMs));

  /** Oldest first. Stops at the first attempt that brings nothing: the next one would hardly do better now. */
  private async assessOrchestrator(periods: readonly DuePeriod[], firstPlace: Place): Promise<void> {
    try {
      for (const [index, due] of periods.entries()) {
        const place = index === 0 ? firstPlace : undefined;
        const asked =
          due.status === 'paused' ? this.judge(due, { kind: 'paused' }) : await this.ask(due, place);
        const rest = periods.slice(index + 1);
        if (asked === undefined) {
          await this.giveBack([due, ...rest]);
          return;
        }
        if (asked.kind === 'failed' || asked.kind === 'not-yet') {
          const others = this.decideExpired(rest, asked.detail);
          await Promise.all([this.setBack(due, asked), this.giveBack(others)]);
          return;
        }
        this.decide(due, asked);
      }
    } catch (error) {
      // The lease brings them back; other orchestrators go on.
      this.log.error('periods not assessed', error, { orchestratorId: periods[0]?.orchestrator_id });
    } finally {
      firstPlace.leave();
    }
  }

  /** Undefined: not asked any more, or the answer was cut off by the end of this process, which says nothing about it. */
  private async ask(due: DuePeriod, place?: Place): Promise<Judged | NoReport | undefined> {
    const first = await this.question(due, place);
    if (first?.kind !== 'report') return first;
    const judged = this.judge(due, first);
    const isPaid = judged.judgement.decision === 'paid';
    if (!isPaid || randomInt(10_000) >= this.parts.secondQuestionBasisPoints) return judged;
    // Nobody can tell beforehand whether there will be a second question. Unanswered it says nothing.
    const second = await this.question(due);
    return second?.kind === 'report' ? this.judge(due, { ...first, second }) : judged;
  }

  private async question(due: DuePeriod, kept?: Place): Promise<Attempted | undefined> {
    const { fetchTimeoutMs: timeoutMs } = this.parts;
    const place = kept ?? (await this.place());
    try {
      if (this.isStopped() || performance.now() - this.startedMs > TURN_MS) return undefined;
      const attempted = await attempt(this.source, due, { timeoutMs, running: this.running, now: this.now });
      return this.isStopped() && attempted.kind !== 'report' ? undefined : attempted;
    } finally {
      place.leave();
    }
  }

  /** What arrived is not kept longer than it takes to judge it. */
  private judge(due: DuePeriod, evidence: Evidence): Judged {
    const judgement = assess(evidence, termsOf(due, this.parts.rules));
    return { kind: 'judged', evidence: judgedEvidence(evidence), judgement };
  }

  private decide(due: DuePeriod, { evidence, judgement }: Judged): void {
    const firstAttemptAt = due.first_attempt_at ?? (evidence.kind === 'paused' ? null : this.now());
    this.follow(
      this.parts.writer.add({ due, evidence, judgement, firstAttemptAt }).then((record) => {
        if (!record) return;
        this.#decided += 1;
        this.onDecided?.(record);
      }),
    );
  }

  private async setBack(due: DuePeriod, outcome: NoReport): Promise<void> {
    const { setbacks } = this.parts;
    const attemptedAt = this.now();
    const graceEndsMs = this.graceEndsMs(due.first_attempt_at ?? attemptedAt);
    const nowMs = attemptedAt.getTime();
    const { detail } = outcome;
    const retryAt = new Date(nowMs + retryDelayMs(outcome, due.failures));
    if (nowMs >= graceEndsMs) {
      this.decide(due, this.judge(due, { kind: 'none', detail }));
      await setbacks.add({ kind: outcome.kind, due, detail, attemptedAt, nextAttemptAt: retryAt, retryAt });
      return;
    }
    const nextAttemptAt = new Date(Math.min(nowMs + retryDelayMs(outcome, due.attempts), graceEndsMs));
    await setbacks.add({ kind: outcome.kind, due, detail, attemptedAt, nextAttemptAt, retryAt });
    if (outcome.kind === 'failed' && due.attempts === 0 && due.failures === 0) {
      this.log.warn('evidence not available', {
        orchestratorId: due.orchestrator_id,
        orchestratorName: due.name,
        periodStart: due.period_start.toISOString(),
        detail,
      });
    }
  }

  /** Of periods whose worker has just failed to answer: decides those whose grace is over, returns the others. */
  private decideExpired(periods: readonly DuePeriod[], detail: string): DuePeriod[] {
    const nowMs = this.now().getTime();
    return periods.filter((due) => {
      if (due.first_attempt_at === null || nowMs < this.graceEndsMs(due.first_attempt_at)) return true;
      // Nobody is asked about a paused period: that its worker is silent is not why it is unpaid.
      this.decide(
        due,
        this.judge(due, due.status === 'paused' ? { kind: 'paused' } : { kind: 'none', detail }),
      );
      return false;
    });
  }

  private graceEndsMs(firstAttemptAt: Date): number {
    return firstAttemptAt.getTime() + this.parts.evidenceGraceSeconds * 1_000;
  }

  private async giveBack(periods: readonly DuePeriod[]): Promise<void> {
    await Promise.all(periods.map((due) => this.parts.setbacks.add({ kind: 'given-back', due })));
  }
}

interface Judged {
  kind: 'judged';
  evidence: JudgedEvidence;
  judgement: Judgement;
}
