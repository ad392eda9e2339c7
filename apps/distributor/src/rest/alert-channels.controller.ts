import { AuditLog, type Delivery, Outbox } from '#payments';
import { Problem } from '#platform';
import { Database } from '#platform/database';
import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AlertChannels } from '../alerts/alert-channels.js';
import { TestAlert } from '../alerts/test-alert.js';
import { Actor } from '../auth/actor.decorator.js';
import { ApiProblem } from './problem.decorator.js';
import { identifier, iso, isoOrNull, pageOf, pageQuery, time } from './wire.js';

const channelName = () =>
  z.string().meta({ description: 'As `GET /alerts/channels` names it', example: 'slack-3fa91c2d' });

/** Longer ones name no channel. */
const channelInput = () =>
  z
    .string()
    .max(200, 'must have at most 200 characters')
    .meta({ description: 'As `GET /alerts/channels` names it', example: 'slack-3fa91c2d' });

const channelSchema = z
  .object({
    id: channelName(),
    type: z
      .enum(['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'])
      .meta({ description: 'What is spoken there', example: 'slack' }),
    target: z
      .string()
      .meta({ description: 'Where it leads, without what is secret in it', example: 'hooks.slack.com' }),
    pending: z.int().meta({ description: 'Events that wait for it', example: 0 }),
    failed: z.int().meta({ description: 'Events given up in the last seven days', example: 0 }),
    oldest_pending_at: time().nullable().meta({ description: 'null: none waits' }),
    last_delivered_at: time().nullable().meta({ description: 'null: none in the last seven days' }),
    last_error: z
      .string()
      .nullable()
      .meta({ description: 'What it last refused with', example: 'hooks.slack.com answered HTTP 404' }),
  })
  .meta({ id: 'AlertChannel' });

const channelList = z.object({ items: z.array(channelSchema) }).meta({ id: 'AlertChannels' });

const status = z.enum(['pending', 'delivered', 'failed'], 'must be pending, delivered or failed');

const deliverySchema = z
  .object({
    event_id: identifier().meta({ description: 'The same in every attempt at every channel' }),
    alert_id: identifier(),
    event: z
      .enum(['opened', 'reminder', 'resolved', 'test'])
      .meta({ description: 'What is told', example: 'opened' }),
    kind: z.string().meta({ description: 'Of the alert', example: 'service_down' }),
    subject: z.string().meta({ description: 'Of the alert', example: 'settlement' }),
    channel: channelName(),
    status: status.meta({ description: 'failed: given up after a day', example: 'delivered' }),
    attempts: z.int().meta({ description: 'So far', example: 1 }),
    next_attempt_at: time(),
    last_error: z.string().nullable().meta({ description: 'null: none', example: 'HTTP 500' }),
    created_at: time(),
    delivered_at: time().nullable().meta({ description: 'null until it was taken' }),
  })
  .meta({ id: 'AlertDelivery' });

const deliveryPage = pageOf(deliverySchema, 'AlertDeliveryPage');
const deliveryQuery = z.object({
  ...pageQuery,
  status: status.optional().meta({ description: 'All unless given', example: 'failed' }),
  channel: channelInput().optional(),
});

const testSchema = z
  .strictObject({ channel: channelInput().optional().meta({ description: 'Every channel unless given' }) })
  .meta({ id: 'TestAlert' });

const testResultSchema = z
  .object({
    event_id: identifier(),
    results: z.array(
      z.object({
        channel: channelName(),
        delivered: z.boolean().meta({ description: 'Whether the channel took it', example: true }),
        error: z
          .string()
          .nullable()
          .meta({ description: 'Why not', example: 'hooks.slack.com answered HTTP 404' }),
      }),
    ),
  })
  .meta({ id: 'TestAlertResult' });

const deliveryToWire = (delivery: Delivery): z.output<typeof deliverySchema> => ({
  event_id: delivery.eventId,
  alert_id: delivery.alertId,
  event: delivery.event,
  kind: delivery.kind,
  subject: delivery.subject,
  channel: delivery.channel,
  status: delivery.status,
  attempts: delivery.attempts,
  next_attempt_at: iso(delivery.nextAttemptAt),
  last_error: delivery.lastError,
  created_at: iso(delivery.createdAt),
  delivered_at: isoOrNull(delivery.deliveredAt),
});

/** Whether people are told, and of what they were. */
@ApiTags('alerts')
@ApiBearerAuth()
@Controller('api/v1/alerts')
export class AlertChannelsController {
  constructor(
    private readonly outbox: Outbox,
    private readonly channels: AlertChannels,
    private readonly test: TestAlert,
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  @Get('channels')
  @ApiOperation({ summary: 'Where alerts go, and whether they arrive' })
  @ApiResponse({ status: 200, description: 'Every configured channel', standardSchema: channelList })
  @ApiProblem(401, 403, 503)
  async list(): Promise<z.output<typeof channelList>> {
    const states = new Map((await this.outbox.channels()).map((state) => [state.channel, state]));
    return {
      items: this.channels.all.map(({ id, type, target }) => {
        const state = states.get(id);
        return {
          ...{ id, type, target, pending: state?.pending ?? 0, failed: state?.failed ?? 0 },
          oldest_pending_at: isoOrNull(state?.oldestPendingAt ?? null),
          last_delivered_at: isoOrNull(state?.lastDeliveredAt ?? null),
          last_error: state?.lastError ?? null,
        };
      }),
    };
  }

  @Get('deliveries')
  @ApiOperation({ summary: 'What was told to whom, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: deliveryPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async deliveries(
    @Query({ schema: deliveryQuery }) query: z.output<typeof deliveryQuery>,
  ): Promise<z.output<typeof deliveryPage>> {
    const { items, nextCursor } = await this.outbox.list(query);
    return { items: items.map(deliveryToWire), next_cursor: nextCursor };
  }

  @Post('test')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a test message now',
    description: 'To one channel or to every one, and tell what came of it. Nothing is tried again.',
  })
  @ApiResponse({ status: 200, description: 'What each channel answered', standardSchema: testResultSchema })
  @ApiProblem(400, 401, 403, 422, 503)
  async send(
    @Body({ schema: testSchema }) { channel }: z.output<typeof testSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof testResultSchema>> {
    if (channel !== undefined && !this.channels.ids.includes(channel)) {
      const detail = 'is no configured channel: GET /api/v1/alerts/channels lists them';
      throw new Problem({
        status: 422,
        detail: `channel ${detail}`,
        errors: [{ field: 'channel', detail }],
      });
    }
    const { eventId, results } = await this.test.send(actor, channel);
    await this.database.transaction((tx) =>
      this.audit.record(tx, {
        actor,
        action: 'test alert sent',
        subject: `alert-event/${eventId}`,
        after: { results },
      }),
    );
    return { event_id: eventId, results };
  }
}
