import { z } from 'zod';

import type { Database } from '#platform/database';

import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../../books/page.js';
import { ready } from '../../books/ready.js';
import { selectRows, sqlTime } from '../../books/sql-rows.js';
import { alertKinds } from '../alert-kinds.js';
import { alertEventNames, type AlertEventName, type ClaimedEvent, eventRow } from './alert-event.js';

/** Longer than any channel may take: who claimed and has not recorded by then is gone. */
const LEASE_SECONDS = 60;
/** After this long nobody needs to hear of it any more. */
export const GIVE_UP_SECONDS = 86_400;
const backoff = { firstSeconds: 5, mostSeconds: 900 };
/** What was told is kept this long. */
const KEPT_DAYS = 90;

export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

export interface Delivery {
  eventId: string;
  alertId: string;
  event: AlertEventName;
  kind: string;
  subject: string;
  channel: string;
  status: DeliveryStatus;
  attempts: number;
  nextAttemptAt: Date;
  lastError: string | null;
  createdAt: Date;
  deliveredAt: Date | null;
}

export interface ChannelState {
  channel: string;
  pending: number;
  failed: number;
  oldestPendingAt: Date | null;
  lastDeliveredAt: Date | null;
  lastError: string | null;
}

const deliveryRow = z
  .object({
    event_id: z.uuid(),
    alert_id: z.uuid(),
    event: z.enum(alertEventNames),
    kind: z.enum(alertKinds),
    subject: z.string(),
    channel: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    next_attempt_at: sqlTime,
    last_error: z.string().nullable(),
    created_at: sqlTime,
    delivered_at: sqlTime.nullable(),
  })
  .transform((row): Delivery => ({
    eventId: row.event_id,
    alertId: row.alert_id,
    event: row.event,
    kind: row.kind,
    subject: row.subject,
    channel: row.channel,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastError: row.last_error,
    createdAt: row.created_at,
    deliveredAt: row.delivered_at,
  }));

const channelRow = z
  .object({
    channel: z.string(),
    pending: z.int(),
    failed: z.int(),
    oldest_pending_at: sqlTime.nullable(),
    last_delivered_at: sqlTime.nullable(),
    last_error: z.string().nullable(),
  })
  .transform((row): ChannelState => ({
    channel: row.channel,
    pending: row.pending,
    failed: row.failed,
    oldestPendingAt: row.oldest_pending_at,
    lastDeliveredAt: row.last_delivered_at,
    lastError: row.last_error,
  }));

const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid(), z.string()]);
const outcomeRow = z.object({ event_id: z.uuid(), status: z.string() });

/** Events on their way to channels. Any number of processes take from it at once. */
export class Outbox {
  constructor(private readonly database: Database) {}

  /**
   * Takes what is due for a channel, the oldest first. Of one alert nothing overtakes what was to be told before.
   * A claim that is not recorded comes back when its lease is over: then it is told twice, with the same id.
   */
  async claim(channel: string, most: number): Promise<ClaimedEvent[]> {
    return this.database.transaction((tx) =>
      selectRows(
        tx,
        eventRow,
        `with due as (
           select d.event_id from payments.alert_delivery d join payments.alert_event e on e.id = d.event_id
            where d.channel = $1 and d.status = 'pending' and d.next_attempt_at <= payments.clock()
              and not exists (select 1 from payments.alert_event before
                                join payments.alert_delivery b on b.event_id = before.id and b.channel = d.channel
                               where before.alert_id = e.alert_id and before.at < e.at and b.status = 'pending')
            order by e.at, d.event_id limit $2 for update of d skip locked),
         claimed as (
           update payments.alert_delivery d
              set attempts = attempts + 1, next_attempt_at = payments.clock() + make_interval(secs => $3)
             from due where d.event_id = due.event_id and d.channel = $1 returning d.event_id, d.attempts)
         select e.id as event_id, e.event, e.at, e.payload, c.attempts
           from claimed c join payments.alert_event e on e.id = c.event_id order by e.at, e.id`,
        [channel, most, LEASE_SECONDS],
      ),
    );
  }

  async delivered(channel: string, eventIds: readonly string[]): Promise<void> {
    await this.database.transaction((tx) =>
      tx.query(
        `update payments.alert_delivery set status = 'delivered', delivered_at = payments.clock(), last_error = null
          where channel = $1 and event_id = any ($2::uuid[]) and status = 'pending'`,
        [channel, eventIds],
      ),
    );
  }

  /** Tried again later, or given up when it is too old to matter. Returns those that were given up. */
  async failed(
    channel: string,
    eventIds: readonly string[],
    { error, retryAfterMs = 0 }: { error: string; retryAfterMs?: number | undefined },
  ): Promise<string[]> {
    const rows = await this.database.transaction((tx) =>
      selectRows(
        tx,
        outcomeRow,
        `update payments.alert_delivery set last_error = $3,
                status = case when created_at < payments.clock() - make_interval(secs => $4) then 'failed' else status end,
                next_attempt_at = payments.clock() + greatest(make_interval(secs => $5::numeric / 1000),
                  make_interval(secs => least($7, $6 * power(2, least(attempts - 1, 20))) * (0.8 + random() * 0.4)))
          where channel = $1 and event_id = any ($2::uuid[]) and status = 'pending' returning event_id, status`,
        [
          ...[channel, eventIds, error.slice(0, 500), GIVE_UP_SECONDS, Math.min(retryAfterMs, 3_600_000)],
          ...[backoff.firstSeconds, backoff.mostSeconds],
        ],
      ),
    );
    return rows.filter(({ status }) => status === 'failed').map(({ event_id }) => event_id);
  }

  /** What no process takes any more, because its channel is gone, and what was told long ago. */
  async sweep(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const rows = await selectRows(
        tx,
        outcomeRow,
        `update payments.alert_delivery set status = 'failed', last_error = coalesce(last_error, 'the channel is not configured any more')
          where status = 'pending' and next_attempt_at < payments.clock()
            and created_at < payments.clock() - make_interval(secs => $1) returning event_id, status`,
        [GIVE_UP_SECONDS + 3_600],
      );
      await tx.query(
        `delete from payments.alert_event where at < payments.clock() - make_interval(days => $1)`,
        [KEPT_DAYS],
      );
      return rows.length;
    });
  }

  /** Of the last week, by channel. */
  async channels(): Promise<ChannelState[]> {
    return selectRows(
      ready(this.database),
      channelRow,
      `select channel, count(*) filter (where status = 'pending')::int as pending,
              count(*) filter (where status = 'failed')::int as failed,
              min(created_at) filter (where status = 'pending') as oldest_pending_at,
              max(delivered_at) as last_delivered_at,
              (array_agg(last_error order by created_at desc) filter (where last_error is not null))[1] as last_error
         from payments.alert_delivery where created_at > payments.clock() - interval '7 days' group by channel`,
    );
  }

  /** The newest first. */
  async list(
    filter: PageRequest & { status?: DeliveryStatus | undefined; channel?: string | undefined } = {},
  ): Promise<Page<Delivery>> {
    const limit = pageLimit(filter);
    const [createdAt, eventId, channel] = decodeCursor(filter, cursorKey) ?? [];
    const rows = await selectRows(
      ready(this.database),
      deliveryRow,
      `select d.event_id, e.alert_id, e.event, a.kind, a.subject, d.channel, d.status, d.attempts, d.next_attempt_at,
              d.last_error, d.created_at, d.delivered_at
         from payments.alert_delivery d join payments.alert_event e on e.id = d.event_id
         join payments.alert a on a.id = e.alert_id
        where ($1::text is null or d.status = $1) and ($6::text is null or d.channel = $6)
          and ($2::timestamptz is null or (d.created_at, d.event_id, d.channel) < ($2, $3::uuid, $4))
        order by d.created_at desc, d.event_id desc, d.channel desc limit $5`,
      [
        ...[filter.status ?? null, createdAt ?? null, eventId ?? null, channel ?? null, limit + 1],
        filter.channel ?? null,
      ],
    );
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.eventId, row.channel]);
  }
}
