import { type AssessmentRecord, Assessments, type Orchestrator, Orchestrators } from '#payments';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { readVersion } from '../version.js';
import { type JudgedPeriod, onAirState, type OnAirState, serviceState, type ServiceState } from './on-air.js';

export interface OrchestratorStatus {
  id: string;
  name: string;
  state: OnAirState;
  /** Code of the newest decision; null when it was paid or nothing is decided yet. */
  reason: string | null;
  uptimePercentage: number | null;
  periodEnd: Date | null;
  services: { name: string; state: ServiceState }[];
}

export interface CurrentStatus {
  version: string;
  asOf: Date;
  periodSeconds: number;
  lastPeriod: { start: Date; end: Date } | null;
  orchestrators: OrchestratorStatus[];
}

type NewestAssessment = JudgedPeriod & Pick<AssessmentRecord, 'reason'>;

/** Many pages ask at once, and anyone may: the books are read once in this time for all of them. */
const freshForMs = 1_000;

@Injectable()
export class CurrentStatusReader {
  private readonly version = readVersion();
  private cached: { atMs: number; status: Promise<CurrentStatus> } | undefined;

  constructor(
    private readonly orchestrators: Orchestrators,
    private readonly assessments: Assessments,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  read(): Promise<CurrentStatus> {
    const nowMs = Date.now();
    if (this.cached === undefined || nowMs - this.cached.atMs >= freshForMs) {
      const status = this.readNow(nowMs);
      this.cached = { atMs: nowMs, status };
      // A failure is answered to whoever asked, and not kept.
      status.catch(() => (this.cached = undefined));
    }
    return this.cached.status;
  }

  private async readNow(nowMs: number): Promise<CurrentStatus> {
    const [orchestrators, newest] = await Promise.all([this.everyOrchestrator(), this.assessments.latest()]);
    const byOrchestrator = new Map(newest.map((assessment) => [assessment.orchestratorId, assessment]));
    const last = newest.toSorted((a, b) => a.periodEnd.getTime() - b.periodEnd.getTime()).at(-1);
    const { periodSeconds } = this.config.pay;
    const now = { nowMs, periodMs: periodSeconds * 1_000 };
    return {
      version: this.version,
      asOf: new Date(nowMs),
      periodSeconds,
      lastPeriod: last === undefined ? null : { start: last.periodStart, end: last.periodEnd },
      orchestrators: orchestrators.map((record) => statusOf(record, byOrchestrator.get(record.id), now)),
    };
  }

  private async everyOrchestrator(): Promise<Orchestrator[]> {
    const all: Orchestrator[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.orchestrators.list({ limit: 200, ...(cursor !== null && { cursor }) });
      all.push(...page.items.filter(({ status }) => status !== 'archived'));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all;
  }
}

function statusOf(
  record: Orchestrator,
  newest: NewestAssessment | undefined,
  now: { nowMs: number; periodMs: number },
): OrchestratorStatus {
  const state = onAirState(record, newest, now);
  const services = newest?.services ?? [];
  return {
    id: record.id,
    name: record.name,
    state,
    reason: newest?.reason ?? null,
    uptimePercentage: newest?.uptimePercentage ?? null,
    periodEnd: newest?.periodEnd ?? null,
    services: record.requiredServices.map((name) => {
      const times = services.find((service) => service.name === name);
      return { name, state: state === 'unknown' || times === undefined ? 'unknown' : serviceState(times) };
    }),
  };
}
