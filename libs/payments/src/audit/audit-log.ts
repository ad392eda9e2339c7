import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRows, sqlBigint, sqlJson, sqlTime } from '../books/sql-rows.js';

export interface AuditRecord {
  /** Who: `admin`, `environment`, `assessor`. */
  actor: string;
  /** What happened, in the past tense: `rate changed`. */
  action: string;
  /** To what: `orchestrator/<id>`. */
  subject: string;
  before?: unknown;
  after?: unknown;
}

export interface AuditEntry extends AuditRecord {
  id: string;
  at: Date;
  before: unknown;
  after: unknown;
}

/** Each part exactly; `from` inclusive, `to` exclusive. */
export interface AuditFilter extends PageRequest {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

const auditRow = z.object({
  id: sqlBigint,
  at: sqlTime,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  before: sqlJson,
  after: sqlJson,
});

/** `bigint` as a decimal string, since JSON has no integers of that size. */
const toJson = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/** Who changed what, when, from what to what. Append-only. */
@Injectable()
export class AuditLog {
  constructor(private readonly database: Database) {}

  /** Records a change in the transaction that makes it, so that there is none without the other. */
  async record(tx: Sql, record: AuditRecord): Promise<void> {
    await this.recordAll(tx, [record]);
  }

  /** In this order. */
  async recordAll(tx: Sql, records: readonly AuditRecord[]): Promise<void> {
    await tx.query(
      `insert into payments.audit (actor, action, subject, before, after)
         select actor, action, subject, before, after
           from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[]) with ordinality
             as r (actor, action, subject, before, after, position) order by position`,
      [
        records.map(({ actor }) => actor),
        records.map(({ action }) => action),
        records.map(({ subject }) => subject),
        records.map(({ before }) => toJson(before)),
        records.map(({ after }) => toJson(after)),
      ],
    );
  }

  /** Newest first. */
  async list(request: AuditFilter = {}): Promise<Page<AuditEntry>> {
    const limit = pageLimit(request);
    const [before] = decodeCursor(request, z.tuple([sqlBigint])) ?? [null];
    const rows = await selectRows(
      ready(this.database),
      auditRow,
      `select id, at, actor, action, subject, before, after from payments.audit
        where ($1::bigint is null or id < $1) and ($2::text is null or subject = $2)
          and ($3::text is null or actor = $3) and ($4::text is null or action = $4)
          and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
        order by id desc limit $7`,
      [
        before?.toString() ?? null,
        request.subject ?? null,
        request.actor ?? null,
        request.action ?? null,
        request.from ?? null,
        request.to ?? null,
        limit + 1,
      ],
    );
    return toPage(
      rows.map((row) => ({ ...row, id: row.id.toString() })),
      limit,
      ({ id }) => [id],
    );
  }
}
