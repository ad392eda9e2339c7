import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { sessionOf } from './bearer.guard.js';

/** The name under which a change enters the audit log. */
export const Actor = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string =>
    sessionOf(context.switchToHttp().getRequest<FastifyRequest>()).role,
);
