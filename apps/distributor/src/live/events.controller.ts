import { Problem } from '#platform';
import { Controller, Get, type OnModuleDestroy, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblem } from '../rest/problem.decorator.js';
import { EventLine } from './event-line.js';
import { LiveEvents, topics } from './live-events.js';

/** Readers at once of one replica: each holds a connection and little else. */
const MOST_LINES = 500;

@ApiTags('events')
@ApiBearerAuth()
@Controller('api/v1/events')
export class EventsController implements OnModuleDestroy {
  private readonly lines = new Set<EventLine>();

  constructor(private readonly live: LiveEvents) {}

  @Get()
  @ApiOperation({
    summary: 'What is new, as server-sent events',
    description:
      `Events: ${topics.join(', ')}; the data is \`{ "items": [...] }\` with what is new, at most a hundred. A comment every ` +
      'ten seconds. Nothing is kept for who was away: ask for the facts after every connection. An event may be said twice.',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'The stream',
    content: {
      'text/event-stream': {
        schema: { type: 'string', example: 'id: 1\nevent: assessments\ndata: {"items":[]}\n\n' },
      },
    },
  })
  @ApiProblem(401, 403, 503)
  watch(@Res() reply: FastifyReply): void {
    if (this.lines.size >= MOST_LINES) {
      throw new Problem({
        status: 503,
        detail: `${MOST_LINES} readers listen already. Try again shortly.`,
        headers: { 'retry-after': '10' },
      });
    }
    reply.hijack();
    const line = new EventLine(reply.raw, () => {
      this.lines.delete(line);
      stop();
    });
    this.lines.add(line);
    const stop = this.live.listen((event) => {
      line.send(event);
    });
  }

  /** A server that closes waits for its open connections. */
  onModuleDestroy(): void {
    for (const line of this.lines) line.end();
  }
}
