import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { openApiSchema } from '../open-api-schema.js';
import { ApiProblems } from '../problem-responses.js';
import { StateEvents } from './state-events.js';
import { stateEventSchema } from './state-event.schema.js';

@ApiTags('uptime')
@Controller('events')
export class EventsController {
  constructor(private readonly events: StateEvents) {}

  @Get()
  @ApiOperation({
    summary: 'The state of each service, and then every change, as server-sent events',
    description:
      'Events of the name state; the present state of all first. A comment every 15 s. Who does not read is let go and may connect anew.',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'The stream; the schema is that of the data of one event',
    content: { 'text/event-stream': { schema: openApiSchema(stateEventSchema) } },
  })
  @ApiProblems(503)
  watch(@Res() reply: FastifyReply): void {
    this.events.admit();
    reply.hijack();
    this.events.watch(reply.raw);
  }
}
