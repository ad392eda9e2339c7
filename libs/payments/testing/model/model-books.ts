import type { AssessmentRecord } from '../../src/assessments/assessment.js';
import type { ModelTerms } from './rules.js';
import { type ModelOrchestrator, type ModelPolicy, type Verdict } from './model-orchestrator.js';
import { ModelMoney } from './model-money.js';
import { Versions } from './versions.js';

/** The books must not do this either. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export interface ModelOptions {
  periodSeconds: number;
  graceSeconds: number;
  maxRateMicroUsd: bigint;
  rateMicroUsd: bigint;
  thresholdBp: number;
  aggregation: ModelTerms['aggregation'];
  required: readonly string[];
  minPayoutMicroUsd: bigint;
  maxPayoutMicroUsd: bigint;
  settleIntervalSeconds: number;
}

/** A million dollars. */
const MOST_ADJUSTED_MICRO_USD = 10n ** 12n;

/** When a new version shall take effect: by itself, or so many periods after the next boundary, or so wrongly. */
export type Start = { laterPeriods: number } | { oddMs: number } | undefined;

/** The books, without a database: every rule of design.md and interface.md that decides who is owed what. */
export class ModelBooks {
  readonly orchestrators = new Map<string, ModelOrchestrator>();
  readonly money: ModelMoney;
  private readonly rates = new Versions<bigint>();
  private readonly policies = new Versions<ModelPolicy>();
  private readonly adjusted = new Map<string, { orchestratorId: string; amountMicroUsd: bigint }>();
  readonly periodMs: number;
  readonly graceMs: number;

  constructor(
    readonly options: ModelOptions,
    public nowMs: number,
  ) {
    this.periodMs = options.periodSeconds * 1_000;
    this.graceMs = options.graceSeconds * 1_000;
    this.money = new ModelMoney(options);
    this.rates.add(0, options.rateMicroUsd);
    this.policies.add(0, options);
  }

  get nextBoundaryMs(): number {
    return this.nowMs - (this.nowMs % this.periodMs) + this.periodMs;
  }

  /** @throws Refusal for the past and for what is not a boundary */
  startMs(start: Start): number {
    if (start === undefined) return this.nextBoundaryMs;
    const askedMs = askedStartMs(start, this.nextBoundaryMs, this.periodMs);
    if (askedMs < this.nextBoundaryMs || askedMs % this.periodMs !== 0) throw new Refusal();
    return askedMs;
  }

  setRate(id: string | null, rateMicroUsd: bigint | null, start: Start): void {
    if (rateMicroUsd !== null && (rateMicroUsd < 0n || rateMicroUsd > this.options.maxRateMicroUsd)) {
      throw new Refusal();
    }
    const fromMs = this.startMs(start);
    if (id !== null) this.find(id).rates.add(fromMs, rateMicroUsd);
    else if (rateMicroUsd === null) throw new Refusal();
    else this.rates.add(fromMs, rateMicroUsd);
  }

  /** What a change leaves out stays as it was; null follows the default. */
  setPolicy(id: string | null, change: Partial<ModelPolicy>, start: Start): void {
    const { thresholdBp, required } = change;
    if (thresholdBp !== undefined && thresholdBp !== null && (thresholdBp < 0 || thresholdBp > 9_999)) {
      throw new Refusal();
    }
    if (required?.length === 0) throw new Refusal();
    const fromMs = this.startMs(start);
    const versions = id === null ? this.policies : this.find(id).policies;
    const nothing: ModelPolicy = { thresholdBp: null, aggregation: null, required: null };
    const next = { ...nothing, ...versions.at(fromMs), ...change };
    if (id === null && Object.values(next).includes(null)) throw new Refusal();
    versions.add(fromMs, next);
  }

  setStatus(id: string, status: 'active' | 'paused'): void {
    this.living(id).statuses.add(this.nextBoundaryMs, status);
  }

  acceptWorker(id: string, address: string): void {
    this.living(id).addresses.add(this.nextBoundaryMs, address);
  }

  archive(id: string): void {
    this.living(id).archivedMs = this.nowMs;
  }

  /** Under a key that was used before it is the same adjustment, or refused. */
  adjust(orchestratorId: string, amountMicroUsd: bigint, key: string | null): void {
    const size = amountMicroUsd < 0n ? -amountMicroUsd : amountMicroUsd;
    if (size === 0n || size > MOST_ADJUSTED_MICRO_USD) throw new Refusal();
    const known = key === null ? undefined : this.adjusted.get(key);
    if (known) {
      if (known.orchestratorId !== orchestratorId || known.amountMicroUsd !== amountMicroUsd)
        throw new Refusal();
      return;
    }
    if (key !== null) this.adjusted.set(key, { orchestratorId, amountMicroUsd });
    this.money.adjust(orchestratorId, this.nowMs, amountMicroUsd);
  }

  keyedAdjustments(): { key: string; orchestratorId: string; amountMicroUsd: bigint }[] {
    return [...this.adjusted].map(([key, adjustment]) => ({ key, ...adjustment }));
  }

  termsAt(orchestrator: ModelOrchestrator, ms: number): ModelTerms {
    const general = this.policies.at(ms);
    const own = orchestrator.policies.at(ms);
    const rateMicroUsd = orchestrator.rates.at(ms) ?? this.rates.at(ms);
    const thresholdBp = own?.thresholdBp ?? general?.thresholdBp;
    const aggregation = own?.aggregation ?? general?.aggregation;
    const required = own?.required ?? general?.required;
    if (
      rateMicroUsd === undefined ||
      thresholdBp === undefined ||
      thresholdBp === null ||
      !aggregation ||
      !required
    ) {
      throw new Error('the defaults leave nothing open');
    }
    return { rateMicroUsd, thresholdBp, aggregation, required };
  }

  /**
   * Takes note of a decision of the code under test and answers what it had to be. What was not due, or was decided
   * before, had to be nothing.
   */
  decide({ orchestratorId, periodStart, reason }: AssessmentRecord): Verdict | undefined {
    const orchestrator = this.find(orchestratorId);
    const startMs = periodStart.getTime();
    if (!orchestrator.undecided(this.nowMs).includes(startMs)) return undefined;
    const verdict = this.verdictNow(orchestrator, startMs, reason);
    if (!verdict) return undefined;
    orchestrator.remember(startMs, verdict);
    this.money.accrue(orchestratorId, startMs, verdict.amountMicroUsd);
    return verdict;
  }

  /** Silence is decided late or never, and then never otherwise. */
  private verdictNow(
    orchestrator: ModelOrchestrator,
    startMs: number,
    reason: string | null,
  ): Verdict | undefined {
    const verdict = orchestrator.judge(startMs, this.termsAt(orchestrator, startMs));
    const paused = verdict.reasons.includes('orchestrator_paused');
    if (paused || orchestrator.worker.mood === 'answers') return verdict;
    if (reason !== 'no_evidence' || !orchestrator.mayGiveUp(startMs, this.nowMs, this.graceMs))
      return undefined;
    const nothing = { amountMicroUsd: 0n, share: null, signer: null };
    return { decision: 'unpaid', reasons: ['no_evidence'], ...nothing };
  }

  /** After an assessment: whom was asked in vain, and what should have been decided but was not. */
  afterAssessment(triedInVain: readonly { orchestratorId: string; startMs: number }[]): string[] {
    for (const { orchestratorId, startMs } of triedInVain) {
      const { triedMs } = this.find(orchestratorId);
      if (!triedMs.has(startMs)) triedMs.set(startMs, this.nowMs);
    }
    const overdue = [...this.orchestrators.values()].flatMap((orchestrator) =>
      orchestrator
        .overdue(this.nowMs, this.graceMs)
        .map((ms) => `${orchestrator.id} ${new Date(ms).toISOString()}`),
    );
    for (const orchestrator of this.orchestrators.values()) {
      if (orchestrator.worker.mood !== 'answers') orchestrator.noteSilence(this.nowMs);
    }
    return overdue;
  }

  /** Archived, with nothing left to decide: the rest is paid out, whatever the minimum. */
  isLeaving(id: string): boolean {
    const orchestrator = this.find(id);
    return orchestrator.archivedMs !== null && orchestrator.undecided(this.nowMs).length === 0;
  }

  find(id: string): ModelOrchestrator {
    const found = this.orchestrators.get(id);
    if (!found) throw new Error(`the model does not know ${id}`);
    return found;
  }

  private living(id: string): ModelOrchestrator {
    const found = this.find(id);
    if (found.archivedMs !== null) throw new Refusal();
    return found;
  }
}

export const askedStartMs = (start: NonNullable<Start>, boundaryMs: number, periodMs: number): number =>
  'oddMs' in start ? boundaryMs + start.oddMs : boundaryMs + start.laterPeriods * periodMs;
