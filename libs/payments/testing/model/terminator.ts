import { setImmediate } from 'node:timers/promises';

import { Client } from 'pg';
import { z } from 'zod';

import type { Database } from '#platform/database';

import type { EvidenceSource } from '../../src/assessments/evidence-source.js';
import { watchQueries, watchQuestions } from './watch-steps.js';

export interface TerminationPlan {
  /** How many steps until the next one, and whom to hit: a number from 0 to below the bound. */
  choose: (bound: number) => number;
  longestPause: number;
  /** After so many it is over. */
  most: number;
}

/** A backend that has been told to end is waited for so long, so that what it left behind is there to be read. */
const GONE_WITHIN_MS = 10_000;

/**
 * Ends connections of whoever works on the books, as a restarted proxy or an operator would: after so many of their own
 * queries and questions, so that what it hits follows from their progress and not from the time of day.
 */
export class Terminator {
  /** Connections that were ended. */
  ended = 0;
  private left = 0;
  private stopped = true;
  private ending: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: Client,
    private readonly plan: TerminationPlan,
  ) {}

  static async open(url: string, plan: TerminationPlan): Promise<Terminator> {
    const client = new Client({ connectionString: url });
    await client.connect();
    return new Terminator(client, plan);
  }

  begin(): void {
    this.left = this.plan.choose(this.plan.longestPause);
    this.stopped = false;
  }

  /** Nothing is ended any more when it returns, and no pool holds a connection for good that has been ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.ending;
    // A dead connection's end is readable by now; one turn of the event loop lets its pool read it.
    await setImmediate();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.client.end();
  }

  /** The same process, whose every query is a step. */
  watch(database: Database): Database {
    return watchQueries(database, () => this.step());
  }

  /** The same source, of which every question is a step. */
  watchSource(source: EvidenceSource): EvidenceSource {
    return watchQuestions(source, () => this.step());
  }

  private async step(): Promise<void> {
    this.left -= 1;
    if (this.stopped || this.left >= 0 || this.ended >= this.plan.most) return;
    this.left = this.plan.choose(this.plan.longestPause);
    this.ending = this.ending.then(() => this.endOne());
    await this.ending;
  }

  /** Rather one that holds a transaction than one that waits in a pool. */
  private async endOne(): Promise<void> {
    const { rows } = await this.client.query(
      `with mine as (select pid, state from pg_stat_activity
                      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'),
            busy as (select pid from mine where state <> 'idle' order by pid),
            chosen as (select pid from busy union all select pid from mine where not exists (select 1 from busy) order by pid)
       select pg_terminate_backend(pid, ${String(GONE_WITHIN_MS)}) as ended from chosen offset $1 % greatest(1, (select count(*) from chosen)) limit 1`,
      [this.plan.choose(1_000)],
    );
    this.ended += z
      .array(z.object({ ended: z.boolean() }))
      .parse(rows)
      .filter(({ ended }) => ended).length;
  }
}
