import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { DuePeriod } from './due-periods.js';
import { Gathering } from './gathering.js';

/** What came of a claimed period that was not decided. */
export type Setback =
  /** The worker did not answer. It is asked for nothing before `retryAt`. */
  | { kind: 'failed'; due: DuePeriod; detail: string; attemptedAt: Date; nextAttemptAt: Date; retryAt: Date }
  /** The worker answered that it cannot speak for the period yet. */
  | { kind: 'not-yet'; due: DuePeriod; detail: string; attemptedAt: Date; nextAttemptAt: Date }
  /** It was not attempted: anyone may claim it again. */
  | { kind: 'given-back'; due: DuePeriod };

type Attempted = Exclude<Setback, { kind: 'given-back' }>;

/** In one statement at most. */
const MOST_AT_ONCE = 5_000;
/** Dead workers come one by one; nobody waits for what is said of them, as their periods are leased. */
const APART_MS = 100;

/** Writes setbacks, many in one transaction: a thousand dead workers must not cost a thousand statements each second. */
export class Setbacks {
  private readonly log = new FactLogger('assessments');
  private readonly gathering: Gathering<Setback, true>;

  constructor(private readonly database: Database) {
    this.gathering = new Gathering((setbacks) => this.write(setbacks), {
      most: MOST_AT_ONCE,
      apartMs: APART_MS,
    });
  }

  async add(setback: Setback): Promise<void> {
    await this.gathering.add(setback);
  }

  /** What cannot be written now is claimed again when its lease is over. */
  private async write(setbacks: readonly Setback[]): Promise<readonly true[]> {
    try {
      await this.commit(setbacks);
    } catch (error) {
      this.log.error('attempts not recorded', error, { count: setbacks.length });
    }
    return setbacks.map(() => true as const);
  }

  private async commit(setbacks: readonly Setback[]): Promise<void> {
    const attempted = setbacks.filter((setback): setback is Attempted => setback.kind !== 'given-back');
    const failed = attempted.filter((setback) => setback.kind === 'failed');
    const answering = attempted.filter(({ kind, due }) => kind === 'not-yet' && due.failures > 0);
    const givenBack = setbacks.filter(({ kind }) => kind === 'given-back').map(({ due }) => due.id);
    await this.database.transaction(async (tx) => {
      if (attempted.length > 0) {
        await tx.query(
          `update payments.pending_assessment p
              set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, d.attempted_at),
                  next_attempt_at = d.next_attempt_at, last_failure = d.detail
             from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[])
                  as d (id, attempted_at, next_attempt_at, detail)
            where p.id = d.id`,
          [
            attempted.map(({ due }) => due.id),
            attempted.map(({ attemptedAt }) => attemptedAt),
            attempted.map(({ nextAttemptAt }) => nextAttemptAt),
            attempted.map(({ detail }) => detail.slice(0, 500)),
          ],
        );
      }
      if (failed.length > 0) {
        const ids = failed.map(({ due }) => due.orchestrator_id);
        // Who does not answer, does not for any period: the grace of all that have ended begins.
        await tx.query(
          `update payments.pending_assessment p set first_attempt_at = d.attempted_at, last_failure = d.detail
             from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as d (orchestrator_id, attempted_at, detail)
            where p.orchestrator_id = d.orchestrator_id and p.first_attempt_at is null and p.period_end <= d.attempted_at`,
          [
            ids,
            failed.map(({ attemptedAt }) => attemptedAt),
            failed.map(({ detail }) => detail.slice(0, 500)),
          ],
        );
        await tx.query(
          `update payments.assessment_progress g set failures = g.failures + 1, retry_at = d.retry_at
             from unnest($1::uuid[], $2::timestamptz[]) as d (orchestrator_id, retry_at)
            where g.orchestrator_id = d.orchestrator_id`,
          [ids, failed.map(({ retryAt }) => retryAt)],
        );
      }
      if (givenBack.length > 0) {
        await tx.query(
          `update payments.pending_assessment p set next_attempt_at = payments.clock() where id = any ($1::uuid[])`,
          [givenBack],
        );
      }
      if (answering.length > 0) {
        await markAnswering(
          tx,
          answering.map(({ due }) => due.orchestrator_id),
        );
      }
    });
  }
}

/** Their workers answer again: all that is due of them may be claimed. */
export async function markAnswering(
  tx: { query(text: string, parameters: unknown[]): Promise<unknown> },
  orchestratorIds: readonly string[],
): Promise<void> {
  await tx.query(
    `update payments.assessment_progress set failures = 0, retry_at = '-infinity' where orchestrator_id = any ($1::uuid[])`,
    [orchestratorIds],
  );
}
