import { z } from 'zod';

import { sqlJson, sqlTime } from '../books/sql-rows.js';
import type { Alert } from './alert.js';
import { alertKinds, traitsOf } from './alert-kinds.js';

export const alertColumns = `a.id, a.kind, a.subject, a.text, a.details, a.opened_at, a.last_seen_at, a.seen_count,
  a.resolved_at, a.notified_at, a.closed_by, a.closed_reason,
  case when a.resolved_at is null then payments.silenced_until(a.kind, a.subject, payments.clock()) end as silenced_until`;

const kind = z.enum(alertKinds);

export const alertKeyRow = z.object({ kind, subject: z.string() });

export const alertRow = z
  .object({
    id: z.uuid(),
    kind,
    subject: z.string(),
    text: z.string(),
    details: sqlJson,
    opened_at: sqlTime,
    last_seen_at: sqlTime,
    seen_count: z.int(),
    resolved_at: sqlTime.nullable(),
    notified_at: sqlTime.nullable(),
    silenced_until: sqlTime.nullable(),
    closed_by: z.string().nullable(),
    closed_reason: z.string().nullable(),
  })
  .transform((row): Alert => ({
    id: row.id,
    kind: row.kind,
    severity: traitsOf(row.kind).severity,
    subject: row.subject,
    text: row.text,
    details: row.details,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    seenCount: row.seen_count,
    resolvedAt: row.resolved_at,
    notifiedAt: row.notified_at,
    silencedUntil: row.silenced_until,
    closedBy: row.closed_by,
    closedReason: row.closed_reason,
  }));
