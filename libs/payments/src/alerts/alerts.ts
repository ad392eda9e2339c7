import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { Database } from '#platform/database';

import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlJson, sqlTime } from '../books/sql-rows.js';

export const alertKinds = [
  'worker_clock_skew',
  'wrong_worker',
  'shared_stack',
  'equivocation',
  'payout_address_missing',
  'payout_address_changed',
  'late_evidence',
] as const;

export type AlertKind = (typeof alertKinds)[number];

export interface AlertKey {
  kind: AlertKind;
  /** `orchestrator/<id>` */
  subject: string;
}

export interface Trouble extends AlertKey {
  /** One sentence for people. */
  text: string;
  /** JSON values and bigints. */
  details?: Readonly<Record<string, unknown>>;
}

export interface Alert extends AlertKey {
  id: string;
  text: string;
  details: unknown;
  openedAt: Date;
  lastSeenAt: Date;
  seenCount: number;
  /** Null while it is open. */
  resolvedAt: Date | null;
}

export interface AlertFilter extends PageRequest {
  state?: 'open' | 'resolved' | undefined;
}

const alertRow = z.object({
  id: z.uuid(),
  kind: z.enum(alertKinds),
  subject: z.string(),
  text: z.string(),
  details: sqlJson,
  opened_at: sqlTime,
  last_seen_at: sqlTime,
  seen_count: z.int(),
  resolved_at: sqlTime.nullable(),
});

const openedRow = z.object({ seen_count: z.int() });
const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

const toAlert = (row: z.output<typeof alertRow>): Alert => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  text: row.text,
  details: row.details,
  openedAt: row.opened_at,
  lastSeenAt: row.last_seen_at,
  seenCount: row.seen_count,
  resolvedAt: row.resolved_at,
});

/** What a person should know about, open until it is over. Kept in the transaction that met it. */
@Injectable()
export class Alerts {
  private readonly log = new FactLogger('alerts');

  constructor(private readonly database: Database) {}

  /** Opens an alert, or counts that its trouble goes on. */
  async raise(tx: Sql, { kind, subject, text, details = {} }: Trouble): Promise<void> {
    const json = JSON.stringify(details, (_key, part: unknown) =>
      typeof part === 'bigint' ? part.toString() : part,
    );
    const row = await selectRow(
      tx,
      openedRow,
      `insert into payments.alert (kind, subject, text, details) values ($1, $2, $3, $4::jsonb)
         on conflict (kind, subject) where resolved_at is null
         do update set text = excluded.text, details = excluded.details, last_seen_at = payments.clock(),
                       seen_count = alert.seen_count + 1
       returning seen_count`,
      [kind, subject, text, json],
    );
    if (row?.seen_count === 1) this.log.warn('alert opened', { kind, subject, text });
  }

  /** Closes the open alert of this kind and subject, if there is one. */
  async resolve(tx: Sql, { kind, subject }: AlertKey): Promise<void> {
    const row = await selectRow(
      tx,
      openedRow,
      `update payments.alert set resolved_at = payments.clock()
        where kind = $1 and subject = $2 and resolved_at is null returning seen_count`,
      [kind, subject],
    );
    if (row) this.log.info('alert resolved', { kind, subject });
  }

  /** Those that are open now, so that nobody writes to resolve what is not there. */
  async open(sql: Sql, kinds: readonly AlertKind[]): Promise<AlertKey[]> {
    return selectRows(
      sql,
      alertRow.pick({ kind: true, subject: true }),
      'select kind, subject from payments.alert where resolved_at is null and kind = any ($1)',
      [kinds],
    );
  }

  /** The newest first. */
  async list(filter: AlertFilter = {}): Promise<Page<Alert>> {
    const limit = pageLimit(filter);
    const [openedAt, id] = decodeCursor(filter, cursorKey) ?? [];
    const rows = await selectRows(
      ready(this.database),
      alertRow,
      `select id, kind, subject, text, details, opened_at, last_seen_at, seen_count, resolved_at from payments.alert
        where ($1::text is null or (resolved_at is null) = ($1 = 'open'))
          and ($2::timestamptz is null or (opened_at, id) < ($2, $3::uuid))
        order by opened_at desc, id desc limit $4`,
      [filter.state ?? null, openedAt ?? null, id ?? null, limit + 1],
    );
    return toPage(rows.map(toAlert), limit, (alert) => [alert.openedAt.toISOString(), alert.id]);
  }
}
