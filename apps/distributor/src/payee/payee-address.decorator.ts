import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Problem } from '#platform';
import type { FastifyRequest } from 'fastify';
import { sessionOf } from '../auth/bearer.guard.js';

/** Who has signed in with Ethereum; only behind the guard. */
export const PayeeAddress = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const session = sessionOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (session.role === 'payee') return session.address;
  throw new Problem({ status: 403, detail: 'These routes are for payees, who sign in with Ethereum.' });
});
