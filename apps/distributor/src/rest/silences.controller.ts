import { RequestKeys, Silences } from '#payments';
import { Body, Controller, Delete, Get, Headers, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { kindInput, reasonInput, silenceSchema, silenceToWire, subjectInput } from './alerts.wire.js';
import { ApiIdempotent } from './idempotency.decorator.js';
import { ApiProblem } from './problem.decorator.js';
import { idParams, type IdParams, pageOf, pageQuery, timeInput } from './wire.js';

const LONGEST_SECONDS = 30 * 86_400;

const silencePage = pageOf(silenceSchema, 'AlertSilencePage');
const silenceQuery = z.object({
  ...pageQuery,
  state: z
    .enum(['active', 'past'], 'must be active or past')
    .optional()
    .meta({ description: 'Both unless given', example: 'active' }),
});

const newSilenceSchema = z
  .strictObject({
    kind: kindInput().nullable().optional().meta({ description: 'Absent or null: any kind' }),
    subject: subjectInput().nullable().optional().meta({ description: 'Absent or null: about anything' }),
    reason: reasonInput(),
    ends_at: timeInput()
      .optional()
      .meta({ description: 'Within thirty days; this or `duration_seconds` is needed' }),
    duration_seconds: z
      .int()
      .min(1, 'must be at least 1')
      .max(LONGEST_SECONDS, `must be at most ${LONGEST_SECONDS}`)
      .optional()
      .meta({ description: 'From now on, instead of `ends_at`', example: 7200 }),
  })
  .superRefine((body, context) => {
    if ((body.ends_at === undefined) !== (body.duration_seconds === undefined)) return;
    context.addIssue({ code: 'custom', path: ['ends_at'], message: 'or duration_seconds: give one of them' });
  })
  .meta({ id: 'NewAlertSilence' });

/** Nobody is told of what is silenced; it is opened and shown all the same, and told afterwards if it goes on. */
@ApiTags('alerts')
@ApiBearerAuth()
@Controller('api/v1/alerts/silences')
export class SilencesController {
  constructor(
    private readonly silences: Silences,
    private readonly keys: RequestKeys,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Silences, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: silencePage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: silenceQuery }) query: z.output<typeof silenceQuery>,
  ): Promise<z.output<typeof silencePage>> {
    const { items, nextCursor } = await this.silences.list(query);
    return { items: items.map(silenceToWire), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({
    summary: 'Be told nothing of a kind, of a subject or of both for a while',
    description: 'Alerts are opened and shown all the same; what is still open at the end is told then.',
  })
  @ApiIdempotent(silenceSchema, 'The silence')
  @ApiProblem(400, 401, 403, 422, 503)
  async create(
    @Body({ schema: newSilenceSchema }) body: z.output<typeof newSilenceSchema>,
    @Headers('idempotency-key') key: string | undefined,
    @Actor() actor: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof silenceSchema>> {
    const { kind = null, subject = null, reason } = body;
    const endsAt = body.ends_at ?? new Date(Date.now() + (body.duration_seconds ?? 0) * 1_000);
    const { answer, repeated } = await this.keys.once(
      { key, actor, route: 'POST /alerts/silences', content: body },
      silenceSchema,
      async (tx) => silenceToWire(await this.silences.create(tx, { kind, subject, reason, endsAt }, actor)),
    );
    void reply.status(repeated ? HttpStatus.OK : HttpStatus.CREATED);
    return answer;
  }

  @Delete(':id')
  @ApiOperation({ summary: 'End a silence before its time' })
  @ApiResponse({ status: 200, description: 'The ended silence', standardSchema: silenceSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async end(
    @Param({ schema: idParams }) { id }: IdParams,
    @Actor() actor: string,
  ): Promise<z.output<typeof silenceSchema>> {
    return silenceToWire(await this.silences.end(id, actor));
  }
}
