import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { Database } from '#platform/database';

import { Gathering } from '../assessments/gathering.js';
import { type Sql, selectRows, sqlTime } from '../books/sql-rows.js';
import type { EvidenceJob, NewEvidenceJob } from './evidence-job.js';

/** In one statement at most. */
const MOST_AT_ONCE = 2_000;
/** What waits to be written at most: a database that is away must not fill the memory. */
const MOST_WAITING = 20_000;
const DETAIL_LENGTH = 500;

/** Keeps the jobs that asked for evidence. They decide nothing: what cannot be written is told in the log, and is lost. */
@Injectable()
export class EvidenceJobs implements OnApplicationShutdown {
  private readonly log = new FactLogger('evidence jobs');
  private readonly waiting = new Set<Promise<void>>();
  private readonly gathering: Gathering<NewEvidenceJob, true>;

  constructor(private readonly database: Database) {
    this.gathering = new Gathering((jobs) => this.write(jobs), { most: MOST_AT_ONCE });
  }

  /** Returns at once: nobody waits for the books before a report is judged. */
  record(job: NewEvidenceJob): void {
    if (this.waiting.size >= MOST_WAITING) {
      this.log.warn('evidence job not recorded', { jobId: job.jobId, reason: 'too many wait to be written' });
      return;
    }
    const written: Promise<void> = this.gathering.add(job).then(() => {
      this.waiting.delete(written);
    });
    this.waiting.add(written);
  }

  /** Ends when everything that was recorded is written. */
  async written(): Promise<void> {
    await Promise.all(this.waiting);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.written();
  }

  private async write(jobs: readonly NewEvidenceJob[]): Promise<readonly true[]> {
    try {
      await this.database.transaction((tx) => insertEvidenceJobs(tx, jobs));
    } catch (error) {
      this.log.error('evidence jobs not recorded', error, { count: jobs.length });
    }
    return jobs.map(() => true as const);
  }
}

async function insertEvidenceJobs(sql: Sql, jobs: readonly NewEvidenceJob[]): Promise<void> {
  const column = <T>(pick: (job: NewEvidenceJob) => T): T[] => jobs.map(pick);
  await sql.query(
    `insert into payments.evidence_job (job_id, orchestrator_id, period_start, challenge, sent_at, latency_ms, outcome,
         status, done_by, detail)
       select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::timestamptz[], $6::int[], $7::text[],
         $8::int[], $9::text[], $10::text[])`,
    [
      column(({ jobId }) => jobId),
      column(({ orchestratorId }) => orchestratorId),
      column(({ periodStart }) => periodStart),
      column(({ challenge }) => Buffer.from(challenge.slice(2), 'hex')),
      column(({ sentAt }) => sentAt),
      column(({ latencyMs }) => Math.max(0, Math.round(latencyMs))),
      column(({ outcome }) => outcome),
      column(({ status }) => status),
      column(({ doneBy }) => doneBy?.slice(0, DETAIL_LENGTH) ?? null),
      // PostgreSQL's text holds no NUL, and what a stranger answers may.
      column(({ detail }) => detail.replaceAll('\0', '').slice(0, DETAIL_LENGTH)),
    ],
  );
}

const jobRow = z.object({
  orchestrator_id: z.uuid(),
  period_start: sqlTime,
  job_id: z.uuid(),
  challenge: z.instanceof(Buffer),
  sent_at: sqlTime,
  latency_ms: z.int(),
  outcome: z.enum(['success', 'transient', 'permanent', 'unknown']),
  status: z.int().nullable(),
  done_by: z.string().nullable(),
  detail: z.string(),
});

interface WithJobs {
  orchestratorId: string;
  periodStart: Date;
  jobs: EvidenceJob[];
}

/** Of a period that was asked for all day long, these are shown: the latest. */
const SHOWN_PER_PERIOD = 100;

/** Adds to assessments the jobs that asked for their evidence, in the order in which they were sent. */
export async function addEvidenceJobs(sql: Sql, assessments: readonly WithJobs[]): Promise<void> {
  if (assessments.length === 0) return;
  const key = (id: string, start: Date): string => `${id}/${start.getTime()}`;
  const byPeriod = new Map(assessments.map((each) => [key(each.orchestratorId, each.periodStart), each]));
  const rows = await selectRows(
    sql,
    jobRow,
    `select j.* from unnest($1::uuid[], $2::timestamptz[]) as p (orchestrator_id, period_start)
       cross join lateral (
         select orchestrator_id, period_start, job_id, challenge, sent_at, latency_ms, outcome, status, done_by, detail
           from payments.evidence_job e
          where e.orchestrator_id = p.orchestrator_id and e.period_start = p.period_start
          order by seq desc limit ${SHOWN_PER_PERIOD}) j
      order by j.sent_at, j.job_id`,
    [
      assessments.map(({ orchestratorId }) => orchestratorId),
      assessments.map(({ periodStart }) => periodStart),
    ],
  );
  for (const row of rows) {
    byPeriod.get(key(row.orchestrator_id, row.period_start))?.jobs.push({
      jobId: row.job_id,
      challenge: `0x${row.challenge.toString('hex')}`,
      sentAt: row.sent_at,
      latencyMs: row.latency_ms,
      outcome: row.outcome,
      status: row.status,
      doneBy: row.done_by,
      detail: row.detail,
    });
  }
}
