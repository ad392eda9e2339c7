import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import type { Database } from '#platform/database';

import { type Sql, selectRows } from '../../books/sql-rows.js';
import type { Alert } from '../alert.js';
import { announcements, traitsOf, withReminders } from '../alert-kinds.js';
import { alertRow, alertColumns } from '../alert-rows.js';
import type { AlertEventName, EventAlert } from './alert-event.js';

/** At most so many in one transaction; the next look takes the rest. */
const MOST_AT_ONCE = 500;

export interface NoticeSettings {
  /** An alert that is over must be over for this long before it is said. */
  recoveryHoldMs: number;
  /** 0: never. */
  reminderMs: number;
}

/**
 * Decides from the alerts' rows who is to be told what, and puts it into the outbox in the same transaction, so that
 * nothing is forgotten by a crash and nothing is told of what was never committed.
 */
export class Notices {
  constructor(
    private readonly database: Database,
    private readonly settings: NoticeSettings,
  ) {}

  /** Returns how many events were made. Without channels nothing is marked as told: who adds one is told of what is open. */
  async plan(channels: readonly string[]): Promise<number> {
    if (channels.length === 0) return 0;
    return this.database.transaction(async (tx) => {
      await this.continueFlapping(tx);
      const told = [
        ...(await this.tell(tx, 'opened', channels)),
        ...(await this.tell(tx, 'reminder', channels)),
        ...(await this.tell(tx, 'resolved', channels)),
      ];
      return told.length;
    });
  }

  /** Came back before anybody was told that it was over: for people it never ended. */
  private async continueFlapping(tx: Sql): Promise<void> {
    await tx.query(
      `with back as (
         select a.id, old.id as old_id, old.notified_at from payments.alert a
           join payments.alert old on old.kind = a.kind and old.subject = a.subject
          where a.resolved_at is null and a.notified_at is null
            and old.resolved_at is not null and old.notified_at is not null and old.recovery_told_at is null
            and old.closed_by is null and a.kind <> all ($1::text[])
          for update of a, old skip locked),
       ended as (update payments.alert set recovery_told_at = payments.clock() where id in (select old_id from back))
       update payments.alert a set notified_at = back.notified_at from back where a.id = back.id`,
      [announcements],
    );
  }

  private async tell(
    tx: EntityManager,
    event: AlertEventName,
    channels: readonly string[],
  ): Promise<Alert[]> {
    const due = await this.due(tx, event);
    for (const alert of due) await putInOutbox(tx, event, alert, channels);
    return due;
  }

  private due(tx: EntityManager, event: AlertEventName): Promise<Alert[]> {
    const { reminderMs, recoveryHoldMs } = this.settings;
    const isSilent = 'payments.silenced_until(a.kind, a.subject, payments.clock()) is not null';
    const [mark, where, parameters] = {
      opened: [
        'notified_at',
        `notified_at is null and not ${isSilent}
         and (resolved_at is null or (kind = any ($2::text[]) and opened_at > payments.clock() - interval '1 day'))`,
        [announcements],
      ] as const,
      reminder: [
        'notified_at',
        `resolved_at is null and $2::numeric > 0 and kind = any ($3::text[]) and not ${isSilent}
         and notified_at <= payments.clock() - make_interval(secs => $2::numeric / 1000)`,
        [reminderMs, withReminders],
      ] as const,
      resolved: [
        'recovery_told_at',
        `resolved_at <= payments.clock() - make_interval(secs => $2::numeric / 1000) and notified_at is not null
         and recovery_told_at is null and kind <> all ($3::text[])`,
        [recoveryHoldMs, announcements],
      ] as const,
      test: ['notified_at', 'false and $2::text is null', ['']] as const,
    }[event];
    return selectRows(
      tx,
      alertRow,
      `with due as (select a.id from payments.alert a where ${where} order by a.opened_at limit $1
                    for update of a skip locked)
       update payments.alert a set ${mark} = payments.clock() from due where a.id = due.id returning ${alertColumns}`,
      [MOST_AT_ONCE, ...parameters],
    );
  }
}

const idRow = z.object({ id: z.uuid() });

async function putInOutbox(
  tx: Sql,
  event: AlertEventName,
  alert: Alert,
  channels: readonly string[],
): Promise<void> {
  const [row] = await selectRows(
    tx,
    idRow,
    'insert into payments.alert_event (alert_id, event, payload) values ($1, $2, $3::jsonb) returning id',
    [alert.id, event, JSON.stringify(payloadOf(alert))],
  );
  await tx.query(
    'insert into payments.alert_delivery (event_id, channel) select $1::uuid, channel from unnest($2::text[]) as channel',
    [row?.id, channels],
  );
}

export const payloadOf = (alert: Alert): EventAlert => ({
  id: alert.id,
  kind: alert.kind,
  severity: alert.severity,
  subject: alert.subject,
  title: traitsOf(alert.kind).title,
  text: alert.text,
  details: alert.details,
  opened_at: alert.openedAt.toISOString(),
  resolved_at: alert.resolvedAt?.toISOString() ?? null,
  closed_by: alert.closedBy,
  closed_reason: alert.closedReason,
});
