import { NotFoundError, type Orchestrator, Orchestrators } from '#payments';
import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { rowsOf } from '../history/rows.js';

/** More than this of one payee is a question for the payer's lists. */
const MOST = 200;

/** What belongs to an address now: paid to it, or reporting with its key. */
@Injectable()
export class OwnOrchestrators {
  constructor(
    private readonly database: Database,
    private readonly orchestrators: Orchestrators,
  ) {}

  async idsOf(address: string): Promise<string[]> {
    const rows = await rowsOf(
      this.database.dataSource,
      z.object({ id: z.uuid() }),
      `with named as (
         select distinct orchestrator_id as id from payments.orchestrator_fact
          where fact in ('payout_address', 'worker_address') and lower(value) = lower($1))
       select n.id from named n join payments.orchestrator o on o.id = n.id
        where lower(payments.fact_at(n.id, 'payout_address', payments.clock())) = lower($1)
           or lower(payments.fact_at(n.id, 'worker_address', payments.clock())) = lower($1)
        order by o.created_at, o.id limit $2`,
      [address, MOST],
    );
    return rows.map(({ id }) => id);
  }

  async of(address: string): Promise<Orchestrator[]> {
    return Promise.all((await this.idsOf(address)).map((id) => this.orchestrators.get(id)));
  }

  async owns(address: string, id: string): Promise<boolean> {
    return (await this.idsOf(address)).includes(id);
  }

  /** Of anyone else it is not even said that it exists. @throws NotFoundError */
  async require(address: string, id: string): Promise<void> {
    if (!(await this.owns(address, id))) throw new NotFoundError('orchestrator', id);
  }
}
