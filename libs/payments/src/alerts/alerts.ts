import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { Database } from '#platform/database';

import { AuditLog } from '../audit/audit-log.js';
import { ConflictError, NotFoundError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows } from '../books/sql-rows.js';
import type { Alert, AlertFilter, AlertKey, Trouble } from './alert.js';
import type { AlertKind } from './alert-kinds.js';
import { alertColumns, alertKeyRow, alertRow } from './alert-rows.js';

export type { Alert, AlertFilter, AlertKey, Trouble } from './alert.js';
export { type AlertKind, alertKinds } from './alert-kinds.js';

const openedRow = z.object({ seen_count: z.int() });
const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

const toJson = (details: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(details, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/** What a person should know about, open until it is over. Kept in the transaction that met it. */
@Injectable()
export class Alerts {
  private readonly log = new FactLogger('alerts');

  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog = new AuditLog(database),
  ) {}

  /** Opens an alert, or counts that its trouble goes on. Who is told is planned from the rows (`Notices`). */
  async raise(tx: Sql, { kind, subject, text, details = {} }: Trouble): Promise<void> {
    const row = await selectRow(
      tx,
      openedRow,
      `insert into payments.alert (kind, subject, text, details) values ($1, $2, $3, $4::jsonb)
         on conflict (kind, subject) where resolved_at is null
         do update set text = excluded.text, details = excluded.details, last_seen_at = payments.clock(),
                       seen_count = alert.seen_count + 1
       returning seen_count`,
      [kind, subject, text, toJson(details)],
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

  /** What began and ended while the books could not be written, and was told without them. */
  async writeDown(tx: Sql, past: Trouble & { id: string; openedAt: Date; resolvedAt: Date }): Promise<void> {
    const { id, kind, subject, text, details = {}, openedAt, resolvedAt } = past;
    await tx.query(
      `insert into payments.alert (id, kind, subject, text, details, opened_at, last_seen_at, resolved_at, notified_at,
                                   recovery_told_at)
         values ($1, $2, $3, $4, $5::jsonb, $6, $7, $7, $6, $7) on conflict do nothing`,
      [id, kind, subject, text, toJson(details), openedAt, resolvedAt],
    );
  }

  /**
   * A person has seen to it. One whose trouble goes on is opened again by whoever meets it next.
   * @throws NotFoundError, ConflictError when it is closed already
   */
  async close(id: string, reason: string, actor: string): Promise<Alert> {
    await this.database.transaction(async (tx) => {
      const open = await selectRow(
        tx,
        alertRow,
        `select ${alertColumns} from payments.alert a where id = $1 for update of a`,
        [id],
      );
      if (!open) throw new NotFoundError('alert', id);
      if (open.resolvedAt !== null) throw new ConflictError(`The alert ${id} is closed already`);
      await tx.query(
        `update payments.alert set resolved_at = payments.clock(), closed_by = $2, closed_reason = $3 where id = $1`,
        [id, actor, reason],
      );
      await this.audit.record(tx, {
        actor,
        action: 'alert closed',
        subject: `alert/${id}`,
        before: { kind: open.kind, subject: open.subject, text: open.text },
        after: { reason },
      });
    });
    return this.get(id);
  }

  /** Those that are open now, so that nobody writes to resolve what is not there. */
  async open(sql: Sql, kinds: readonly AlertKind[]): Promise<AlertKey[]> {
    return selectRows(
      sql,
      alertKeyRow,
      'select kind, subject from payments.alert where resolved_at is null and kind = any ($1)',
      [kinds],
    );
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Alert> {
    const alert = await selectRow(
      ready(this.database),
      alertRow,
      `select ${alertColumns} from payments.alert a where id = $1`,
      [id],
    );
    if (!alert) throw new NotFoundError('alert', id);
    return alert;
  }

  /** The newest first. */
  async list(filter: AlertFilter = {}): Promise<Page<Alert>> {
    const limit = pageLimit(filter);
    const [openedAt, id] = decodeCursor(filter, cursorKey) ?? [];
    const alerts = await selectRows(
      ready(this.database),
      alertRow,
      `select ${alertColumns} from payments.alert a
        where ($1::text is null or (resolved_at is null) = ($1 = 'open'))
          and ($5::text is null or kind = $5) and ($6::text is null or subject = $6)
          and ($2::timestamptz is null or (opened_at, id) < ($2, $3::uuid))
        order by opened_at desc, id desc limit $4`,
      [
        ...[filter.state ?? null, openedAt ?? null, id ?? null, limit + 1],
        ...[filter.kind ?? null, filter.subject ?? null],
      ],
    );
    return toPage(alerts, limit, (alert) => [alert.openedAt.toISOString(), alert.id]);
  }
}
