import { Policies, type PolicyVersion, RequestKeys } from '#payments';
import { Body, Controller, Get, Headers, HttpStatus, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { ApiIdempotent } from './idempotency.decorator.js';
import { ApiProblem } from './problem.decorator.js';
import {
  basisPointsInput,
  identifier,
  iso,
  orchestratorInput,
  pageOf,
  pageQuery,
  percentage,
  percentOf,
  serviceNamesInput,
  time,
  timeInput,
} from './wire.js';

const aggregation = z.enum(['mean', 'min', 'all'], 'must be mean, min or all');

const policySchema = z
  .object({
    id: z.string().meta({ description: 'Number of the version', example: '42' }),
    orchestrator_id: identifier().nullable().meta({ description: 'null: the default policy' }),
    min_uptime: percentage()
      .nullable()
      .meta({ description: 'Paid when strictly above, percent; null: as the default' }),
    aggregation: aggregation
      .nullable()
      .meta({ description: 'Over the required services; null: as the default' }),
    required_services: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Container names; null: as the default', example: ['redis_scb'] }),
    effective_from: time(),
    created_at: time(),
    actor: z.string().meta({ example: 'admin' }),
  })
  .meta({ id: 'Policy' });

const policyPage = pageOf(policySchema, 'PolicyPage');

const changePolicySchema = z
  .strictObject({
    orchestrator_id: orchestratorInput().optional().meta({ description: 'Absent: the default policy' }),
    min_uptime: basisPointsInput().nullable().optional().meta({ description: 'Percent', example: 95 }),
    aggregation: aggregation
      .nullable()
      .optional()
      .meta({ description: 'How the uptimes of the services become one' }),
    required_services: serviceNamesInput()
      .nullable()
      .optional()
      .meta({ description: 'Container names that must be up', example: ['redis_scb', 'autogen_agent'] }),
    effective_from: timeInput()
      .optional()
      .meta({ description: 'A period boundary in the future; the next one unless given' }),
  })
  .meta({ id: 'ChangePolicy', description: 'What is absent stays; null follows the default again.' });

const policyQuery = z.object({ ...pageQuery, orchestrator_id: orchestratorInput().optional() });

const toWire = (policy: PolicyVersion): z.output<typeof policySchema> => ({
  id: policy.id,
  orchestrator_id: policy.orchestratorId,
  min_uptime: policy.minUptimeBasisPoints === null ? null : percentOf(policy.minUptimeBasisPoints),
  aggregation: policy.aggregation,
  required_services: policy.requiredServices,
  effective_from: iso(policy.effectiveFrom),
  created_at: iso(policy.createdAt),
  actor: policy.actor,
});

@ApiTags('policies')
@ApiBearerAuth()
@Controller('api/v1/policies')
export class PoliciesController {
  constructor(
    private readonly policies: Policies,
    private readonly keys: RequestKeys,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Every version of every policy, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: policyPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: policyQuery }) query: z.output<typeof policyQuery>,
  ): Promise<z.output<typeof policyPage>> {
    const { orchestrator_id: orchestratorId, ...page } = query;
    const { items, nextCursor } = await this.policies.list({
      ...page,
      ...(orchestratorId && { orchestratorId }),
    });
    return { items: items.map(toWire), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({
    summary: 'Change what must be up, and how much',
    description: 'A new version; the past keeps its own.',
  })
  @ApiIdempotent(policySchema, 'The new version')
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async change(
    @Body({ schema: changePolicySchema }) body: z.output<typeof changePolicySchema>,
    @Headers('idempotency-key') key: string | undefined,
    @Actor() actor: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof policySchema>> {
    const change = {
      minUptimeBasisPoints: body.min_uptime,
      aggregation: body.aggregation,
      requiredServices: body.required_services,
      effectiveFrom: body.effective_from,
    };
    const { answer, repeated } = await this.keys.once(
      { key, actor, route: 'POST /policies', content: body },
      policySchema,
      async (tx) => toWire(await this.policies.insert(tx, body.orchestrator_id ?? null, change, actor)),
    );
    void reply.status(repeated ? HttpStatus.OK : HttpStatus.CREATED);
    return answer;
  }
}
