import { floorPercentage } from '#monitoring';
import { Assessments, decompressReport, type Orchestrator, Orchestrators, type Page } from '#payments';
import { Database } from '#platform/database';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import { z } from 'zod';
import type { DistributorConfig } from '../distributor.config.js';
import { rowsOf, wholeNumber } from '../history/rows.js';
import { readVersion } from '../version.js';
import {
  onAirState,
  type OnAirState,
  patienceMs,
  serviceState,
  type ServiceState,
  serviceTimesOf,
} from './on-air.js';

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

const newestRow = z.object({
  orchestrator_id: z.uuid(),
  period_end: z.date(),
  decision: z.enum(['paid', 'unpaid']),
  reason: z.string().nullable(),
  up_ms: wholeNumber.nullable(),
  window_ms: wholeNumber.nullable(),
  report: z.instanceof(Buffer).nullable(),
});

/** The newest decided period of an orchestrator. */
interface Newest {
  decision: 'paid' | 'unpaid';
  reason: string | null;
  periodEnd: Date;
  uptimePercentage: number | null;
  evidence: unknown;
}

const toNewest = (row: z.output<typeof newestRow>): Newest => ({
  decision: row.decision,
  reason: row.reason,
  periodEnd: row.period_end,
  uptimePercentage:
    row.up_ms === null || row.window_ms === null
      ? null
      : floorPercentage({ upMs: row.up_ms, windowMs: row.window_ms }),
  evidence: row.report && decompressReport(row.report),
});

interface Now {
  nowMs: number;
  periodMs: number;
}

/** Many pages ask at once, and anyone may: the books are read once in this time for all of them. */
const freshForMs = 1_000;

@Injectable()
export class CurrentStatusReader {
  private readonly version = readVersion();
  private cached: { atMs: number; status: Promise<CurrentStatus> } | undefined;

  constructor(
    private readonly orchestrators: Orchestrators,
    private readonly assessments: Assessments,
    private readonly database: Database,
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
    const { periodSeconds } = this.config.pay;
    const now = { nowMs, periodMs: periodSeconds * 1_000 };
    const [orchestrators, newest, lastEnd] = await Promise.all([
      this.everyOrchestrator(),
      this.newestDecided(now),
      this.assessments.lastPeriodEnd(),
    ]);
    return {
      version: this.version,
      asOf: new Date(nowMs),
      periodSeconds,
      lastPeriod:
        lastEnd === null ? null : { start: new Date(lastEnd.getTime() - now.periodMs), end: lastEnd },
      orchestrators: orchestrators.map((record) => statusOf(record, newest.get(record.id), now)),
    };
  }

  /** By orchestrator; those of which nothing was decided lately are missing. Of each only the newest has its report read. */
  private async newestDecided({ nowMs, periodMs }: Now): Promise<Map<string, Newest>> {
    const from = new Date(nowMs - patienceMs(periodMs) - periodMs);
    const rows = await rowsOf(
      this.database.dataSource,
      newestRow,
      `select a.*, e.report from (
         select distinct on (orchestrator_id) id, orchestrator_id, period_end, decision, reason, up_ms, window_ms
           from payments.assessment where period_start >= $1 order by orchestrator_id, period_start desc) a
         left join payments.evidence e on e.assessment_id = a.id`,
      [from],
    );
    return new Map(rows.map((row) => [row.orchestrator_id, toNewest(row)]));
  }

  private async everyOrchestrator(): Promise<Orchestrator[]> {
    const all: Orchestrator[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Orchestrator> = await this.orchestrators.list({ limit: 1_000, cursor });
      all.push(...page.items.filter(({ status }) => status !== 'archived'));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all;
  }
}

function statusOf(record: Orchestrator, newest: Newest | undefined, now: Now): OrchestratorStatus {
  const services = serviceTimesOf(newest?.evidence);
  const state = onAirState(record, newest, services, now);
  return {
    id: record.id,
    name: record.name,
    state,
    reason: newest?.reason ?? null,
    uptimePercentage: newest?.uptimePercentage ?? null,
    periodEnd: newest?.periodEnd ?? null,
    services: record.requiredServices.map((name) => {
      const times = services.find((service) => service.name === name);
      if (times !== undefined) return { name, state: serviceState(times) };
      // A sound report that does not name a required service: it has no up time.
      return { name, state: services.length > 0 ? 'down' : 'unknown' };
    }),
  };
}
