import { Orchestrators, RequestKeys } from '#payments';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { ApiIdempotent } from './idempotency.decorator.js';
import {
  acceptWorkerSchema,
  changeOrchestratorSchema,
  createOrchestratorSchema,
  newOrchestrator,
  orchestratorPage,
  orchestratorQuery,
  orchestratorSchema,
  orchestratorToWire,
} from './orchestrators.wire.js';
import { ApiProblem } from './problem.decorator.js';
import { idParams, type IdParams } from './wire.js';
import { WorkerUrls } from './worker-urls.js';

type Answer = z.output<typeof orchestratorSchema>;

@ApiTags('orchestrators')
@ApiBearerAuth()
@Controller('api/v1/orchestrators')
export class OrchestratorsController {
  constructor(
    private readonly orchestrators: Orchestrators,
    private readonly keys: RequestKeys,
    private readonly workerUrls: WorkerUrls,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The payees', description: 'Archived ones only with `?status=archived`.' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: orchestratorPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: orchestratorQuery }) query: z.output<typeof orchestratorQuery>,
  ): Promise<z.output<typeof orchestratorPage>> {
    const page = await this.orchestrators.list(query);
    return { items: page.items.map(orchestratorToWire), next_cursor: page.nextCursor };
  }

  @Post()
  @ApiOperation({
    summary: 'Add a payee',
    description: 'The first period that is assessed is the first full one after this.',
  })
  @ApiIdempotent(orchestratorSchema, 'Added')
  @ApiProblem(400, 401, 403, 409, 422, 503)
  async create(
    @Body({ schema: createOrchestratorSchema }) body: z.output<typeof createOrchestratorSchema>,
    @Headers('idempotency-key') key: string | undefined,
    @Actor() actor: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    await this.workerUrls.check(body.worker_url);
    const { answer, repeated } = await this.keys.once(
      { key, actor, route: 'POST /orchestrators', content: body },
      orchestratorSchema,
      async (tx) => orchestratorToWire(await this.orchestrators.insert(tx, newOrchestrator(body), actor)),
    );
    void reply.status(repeated ? HttpStatus.OK : HttpStatus.CREATED);
    return answer;
  }

  @Get(':id')
  @ApiOperation({ summary: 'One payee' })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: orchestratorSchema })
  @ApiProblem(400, 401, 403, 404, 503)
  async get(@Param({ schema: idParams }) { id }: IdParams): Promise<Answer> {
    return orchestratorToWire(await this.orchestrators.get(id));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a payee',
    description: 'Each change is a new version with its own start; the past keeps what was in force.',
  })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: orchestratorSchema })
  @ApiProblem(400, 401, 403, 404, 409, 422, 503)
  async change(
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: changeOrchestratorSchema }) body: z.output<typeof changeOrchestratorSchema>,
    @Actor() actor: string,
  ): Promise<Answer> {
    await this.workerUrls.check(body.worker_url);
    const record = await this.orchestrators.change(
      id,
      {
        name: body.name,
        workerUrl: body.worker_url,
        workerAddress: body.worker_address,
        payoutAddress: body.payout_address,
        status: body.status,
        rateMicroUsdPerMinute: body.rate_usd_per_minute,
        minUptimeBasisPoints: body.min_uptime,
        requiredServices: body.required_services,
      },
      actor,
    );
    return orchestratorToWire(record);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Archive a payee',
    description:
      'Nothing is deleted. Whole periods before now are still judged; then all that it earned is paid out, whatever ' +
      'the minimum.',
  })
  @ApiResponse({ status: 204, description: 'Archived' })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async archive(@Param({ schema: idParams }) { id }: IdParams, @Actor() actor: string): Promise<void> {
    await this.orchestrators.archive(id, actor);
  }

  @Post(':id/accept-worker')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Accept a new signing key',
    description: 'Reports count from the next period on.',
  })
  @ApiResponse({ status: 200, description: 'Accepted', standardSchema: orchestratorSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async acceptWorker(
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: acceptWorkerSchema }) body: z.output<typeof acceptWorkerSchema>,
    @Actor() actor: string,
  ): Promise<Answer> {
    return orchestratorToWire(await this.orchestrators.acceptWorker(id, body.worker_address, actor));
  }
}
