import { z } from 'zod';

import { sqlTime } from '../../books/sql-rows.js';
import { alertKinds, severities } from '../alert-kinds.js';

export const alertEventNames = ['opened', 'reminder', 'resolved', 'test'] as const;
export type AlertEventName = (typeof alertEventNames)[number];

/** What is told, as it was when it was decided to tell it: every attempt says the same. */
export interface AlertEvent {
  /** The same for every attempt and every channel: whoever has seen it may drop it. */
  id: string;
  event: AlertEventName;
  at: Date;
  alert: EventAlert;
}

/** As it is kept and as the webhook sends it. Times in ISO 8601. */
export const eventAlertSchema = z.object({
  id: z.string(),
  kind: z.enum(alertKinds).or(z.literal('test')),
  severity: z.enum(severities),
  subject: z.string(),
  title: z.string(),
  text: z.string(),
  details: z.unknown(),
  opened_at: z.string(),
  resolved_at: z.string().nullable(),
  closed_by: z.string().nullable(),
  closed_reason: z.string().nullable(),
});
export type EventAlert = z.output<typeof eventAlertSchema>;

export const eventRow = z
  .object({
    event_id: z.uuid(),
    event: z.enum(alertEventNames),
    at: sqlTime,
    payload: eventAlertSchema,
    attempts: z.int(),
  })
  .transform(({ event_id, event, at, payload, attempts }) => ({
    event: { id: event_id, event, at, alert: payload } satisfies AlertEvent,
    attempts,
  }));

export type ClaimedEvent = z.output<typeof eventRow>;
