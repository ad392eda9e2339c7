import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { rowsOf, wholeNumber } from '../history/rows.js';

/** Where each kind of fact stands; what differs from the last look is new. */
export interface Marks {
  assessments: bigint;
  history: bigint;
  payouts: bigint;
  changes: bigint;
  /** Of alerts it is enough to know that something about them changed. */
  alerts: string;
}

const marksRow = z.object({
  assessments: wholeNumber,
  history: wholeNumber,
  payouts: wholeNumber,
  changes: wholeNumber,
  alerts: z.string(),
});

const assessmentRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  period_start: z.date(),
  decision: z.enum(['paid', 'unpaid']),
  reason: z.string().nullable(),
});
const payoutRow = z.object({
  payout_id: z.uuid(),
  orchestrator_id: z.uuid(),
  status: z.string(),
  at: z.date(),
});
const changeRow = z.object({ action: z.string(), subject: z.string(), actor: z.string(), at: z.date() });
const alertRow = z.object({
  id: z.uuid(),
  kind: z.string(),
  subject: z.string(),
  text: z.string(),
  opened_at: z.date(),
});

/** An event names so many at most; whoever hears it asks for the rest. */
const MOST_NAMED = 100;

/** Looks at the ends of the tables that grow: each question is answered from the end of an index. */
@Injectable()
export class NewestFacts {
  constructor(private readonly database: Database) {}

  async marks(): Promise<Marks> {
    const [marks] = await rowsOf(
      this.database.dataSource,
      marksRow,
      `select coalesce((select max(seq) from payments.assessment), 0) as assessments,
              (select up_to_seq from dashboard.progress) as history,
              coalesce((select max(id) from payments.payout_event), 0) as payouts,
              coalesce((select max(id) from payments.audit), 0) as changes,
              coalesce((select max(opened_at) from payments.alert)::text, '') || ' '
                || (select count(*) from payments.alert where resolved_at is null) as alerts`,
    );
    if (marks === undefined) throw new Error('the database answered nothing');
    return marks;
  }

  async assessmentsAfter(seq: bigint) {
    const rows = await rowsOf(
      this.database.dataSource,
      assessmentRow,
      `select id, orchestrator_id, period_start, decision, reason from payments.assessment
        where seq > $1 order by seq desc limit $2`,
      [seq, MOST_NAMED],
    );
    return rows.map((row) => ({ ...row, period_start: row.period_start.toISOString() }));
  }

  async payoutsAfter(eventId: bigint) {
    const rows = await rowsOf(
      this.database.dataSource,
      payoutRow,
      `select e.payout_id, p.orchestrator_id, e.status, e.at
         from payments.payout_event e join payments.payout p on p.id = e.payout_id
        where e.id > $1 order by e.id desc limit $2`,
      [eventId, MOST_NAMED],
    );
    return rows.map(({ payout_id: id, at, ...rest }) => ({ id, ...rest, at: at.toISOString() }));
  }

  async changesAfter(auditId: bigint) {
    const rows = await rowsOf(
      this.database.dataSource,
      changeRow,
      'select action, subject, actor, at from payments.audit where id > $1 order by id desc limit $2',
      [auditId, MOST_NAMED],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }

  async openAlerts() {
    const rows = await rowsOf(
      this.database.dataSource,
      alertRow,
      `select id, kind, subject, text, opened_at from payments.alert
        where resolved_at is null order by opened_at desc limit $1`,
      [MOST_NAMED],
    );
    return rows.map((row) => ({ ...row, opened_at: row.opened_at.toISOString() }));
  }
}
