import { type Alert, alertKinds, severities, type Silence } from '#payments';
import { z } from 'zod';
import { runbookOf } from '../alerts/channels/message.js';
import { toJson } from './json.js';
import { anything, identifier, iso, isoOrNull, time } from './wire.js';

export const kindInput = () =>
  z.enum(alertKinds, 'must be a kind of alert, as docs/operations.md lists them').meta({
    description: 'What is wrong; docs/operations.md has a section about each',
    example: 'service_down',
  });

export const subjectInput = () =>
  z.string().trim().min(1, 'must not be empty').max(300, 'must be at most 300 characters').meta({
    description: 'What it is about, exactly as an alert names it',
    example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11',
  });

export const reasonInput = () =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(500, 'must be at most 500 characters')
    .meta({ description: 'For whoever reads it later', example: 'The operator moves the machine today' });

export const alertState = z.enum(['open', 'resolved'], 'must be open or resolved');

export const alertSchema = z
  .object({
    id: identifier(),
    kind: z.enum(alertKinds).meta({ description: 'What is wrong', example: 'service_down' }),
    severity: z
      .enum(severities)
      .meta({ description: 'critical: nobody is judged or paid, or money is at risk', example: 'warning' }),
    subject: z.string().meta({
      description: 'What it is about',
      example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11',
    }),
    state: alertState.meta({ description: 'open while it goes on', example: 'open' }),
    text: z.string().meta({
      description: 'One sentence for people',
      example: 'Payouts wait: no payout address is in force',
    }),
    details: anything('What the text was made from'),
    opened_at: time(),
    last_seen_at: time(),
    seen_count: z.int().meta({ description: 'How often it was met while open', example: 1 }),
    resolved_at: time().nullable().meta({ description: 'null while it is open' }),
    notified_at: time().nullable().meta({ description: 'When people were last told that it is open' }),
    silenced_until: time().nullable().meta({ description: 'The end of the silence in force' }),
    closed_by: z
      .string()
      .nullable()
      .meta({ description: 'Who closed it by hand; null when it ended by itself', example: 'admin' }),
    closed_reason: z.string().nullable().meta({ description: 'Why', example: 'Talked to the operator' }),
    runbook: z
      .string()
      .meta({ description: 'What to do about it', example: 'docs/operations.md#service_down' }),
  })
  .meta({ id: 'Alert' });

export const alertToWire = (alert: Alert, runbookUrl: string | undefined): z.output<typeof alertSchema> => ({
  id: alert.id,
  kind: alert.kind,
  severity: alert.severity,
  subject: alert.subject,
  state: alert.resolvedAt === null ? 'open' : 'resolved',
  text: alert.text,
  details: toJson(alert.details),
  opened_at: iso(alert.openedAt),
  last_seen_at: iso(alert.lastSeenAt),
  seen_count: alert.seenCount,
  resolved_at: isoOrNull(alert.resolvedAt),
  notified_at: isoOrNull(alert.notifiedAt),
  silenced_until: isoOrNull(alert.silencedUntil),
  closed_by: alert.closedBy,
  closed_reason: alert.closedReason,
  runbook: runbookOf(alert.kind, runbookUrl),
});

export const silenceSchema = z
  .object({
    id: identifier(),
    kind: z
      .enum(alertKinds)
      .nullable()
      .meta({ description: 'null: alerts of any kind', example: 'service_down' }),
    subject: z.string().nullable().meta({
      description: 'null: about anything',
      example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11',
    }),
    reason: z.string().meta({ description: 'Why', example: 'The operator moves the machine today' }),
    created_by: z.string().meta({ description: 'Who', example: 'admin' }),
    created_at: time(),
    starts_at: time(),
    ends_at: time(),
    ended_at: time().nullable().meta({ description: 'When a person ended it before its time' }),
    ended_by: z.string().nullable().meta({ description: 'Who ended it', example: 'admin' }),
  })
  .meta({ id: 'AlertSilence' });

export const silenceToWire = (silence: Silence): z.output<typeof silenceSchema> => ({
  id: silence.id,
  kind: silence.kind,
  subject: silence.subject,
  reason: silence.reason,
  created_by: silence.createdBy,
  created_at: iso(silence.createdAt),
  starts_at: iso(silence.startsAt),
  ends_at: iso(silence.endsAt),
  ended_at: isoOrNull(silence.endedAt),
  ended_by: silence.endedBy,
});
