import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { Database } from '#platform/database';

import { AuditLog } from '../audit/audit-log.js';
import { ConflictError, NotFoundError, RuleError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlTime } from '../books/sql-rows.js';
import { type AlertKind, alertKinds } from './alert-kinds.js';

/** Nobody is told of alerts of this kind and subject for a while; they are opened and shown all the same. */
export interface Silence {
  id: string;
  /** Null: any. */
  kind: AlertKind | null;
  subject: string | null;
  reason: string;
  createdBy: string;
  createdAt: Date;
  startsAt: Date;
  endsAt: Date;
  /** Ended by a person before its time. */
  endedAt: Date | null;
  endedBy: string | null;
}

export interface NewSilence {
  kind: AlertKind | null;
  subject: string | null;
  reason: string;
  endsAt: Date;
}

export interface SilenceFilter extends PageRequest {
  state?: 'active' | 'past' | undefined;
}

/** A longer one is a decision to be made again. */
const LONGEST_MS = 30 * 86_400_000;

const columns = 'id, kind, subject, reason, created_by, created_at, starts_at, ends_at, ended_at, ended_by';

const silenceRow = z
  .object({
    id: z.uuid(),
    kind: z.enum(alertKinds).nullable(),
    subject: z.string().nullable(),
    reason: z.string(),
    created_by: z.string(),
    created_at: sqlTime,
    starts_at: sqlTime,
    ends_at: sqlTime,
    ended_at: sqlTime.nullable(),
    ended_by: z.string().nullable(),
  })
  .transform((row): Silence => ({
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
  }));

const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);
const nowRow = z.object({ now: sqlTime });

@Injectable()
export class Silences {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /** From now on, in the transaction given. @throws RuleError */
  async create(tx: EntityManager, silence: NewSilence, actor: string): Promise<Silence> {
    const { kind, subject, reason, endsAt } = silence;
    const row = await selectRow(tx, nowRow, 'select payments.clock() as now');
    const nowMs = row?.now.getTime() ?? 0;
    if (endsAt.getTime() <= nowMs) throw new RuleError('must lie in the future', 'ends_at');
    if (endsAt.getTime() - nowMs > LONGEST_MS) throw new RuleError('must lie within thirty days', 'ends_at');
    const created = await selectRow(
      tx,
      silenceRow,
      `insert into payments.alert_silence (kind, subject, reason, created_by, ends_at)
         values ($1, $2, $3, $4, $5) returning ${columns}`,
      [kind, subject, reason, actor, endsAt],
    );
    if (!created) throw new Error('the silence was not stored');
    await this.audit.record(tx, {
      actor,
      action: 'alerts silenced',
      subject: `silence/${created.id}`,
      after: { kind, subject, reason, ends_at: endsAt.toISOString() },
    });
    return created;
  }

  /** Before its time. @throws NotFoundError, ConflictError when it is over */
  async end(id: string, actor: string): Promise<Silence> {
    return this.database.transaction(async (tx) => {
      const known = await selectRow(
        tx,
        silenceRow,
        `select ${columns} from payments.alert_silence where id = $1`,
        [id],
      );
      if (!known) throw new NotFoundError('silence', id);
      const ended = await selectRow(
        tx,
        silenceRow,
        `update payments.alert_silence set ended_at = payments.clock(), ended_by = $2
          where id = $1 and ended_at is null and ends_at > payments.clock() returning ${columns}`,
        [id, actor],
      );
      if (!ended) throw new ConflictError(`The silence ${id} is over already`);
      await this.audit.record(tx, {
        actor,
        action: 'silence ended',
        subject: `silence/${id}`,
        before: { ends_at: known.endsAt.toISOString() },
        after: { ended_at: ended.endedAt?.toISOString() },
      });
      return ended;
    });
  }

  /** The newest first. */
  async list(filter: SilenceFilter = {}, sql: Sql = ready(this.database)): Promise<Page<Silence>> {
    const limit = pageLimit(filter);
    const [createdAt, id] = decodeCursor(filter, cursorKey) ?? [];
    const rows = await selectRows(
      sql,
      silenceRow,
      `select ${columns} from payments.alert_silence
        where ($1::text is null or (ended_at is null and ends_at > payments.clock()) = ($1 = 'active'))
          and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        order by created_at desc, id desc limit $4`,
      [filter.state ?? null, createdAt ?? null, id ?? null, limit + 1],
    );
    return toPage(rows, limit, (silence) => [silence.createdAt.toISOString(), silence.id]);
  }
}
