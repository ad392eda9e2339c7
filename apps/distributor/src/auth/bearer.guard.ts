import { Problem } from '#platform';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import type { FastifyRequest } from 'fastify';
import { type Session, tokenClaimsSchema, tokenIssuer } from './session.js';

const PUBLIC = 'distributor:public';
const FOR_PAYEE = 'distributor:for-payee';
const protectedPrefix = '/api/';

/** A route for payees, and for nobody else; a payee's token opens no other. */
export const ForPayee = () => SetMetadata(FOR_PAYEE, true);

/** A route under /api/v1 that needs no token; every other one does, also those that nobody thought of. */
export const Public = () => SetMetadata(PUBLIC, true);

const sessions = new WeakMap<FastifyRequest, Session>();

/** Who asked; only behind the guard. */
export function sessionOf(request: FastifyRequest): Session {
  const session = sessions.get(request);
  if (session === undefined) throw unauthorized('Sign in first.');
  return session;
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

const unauthorized = (detail: string) =>
  new Problem({ status: 401, detail, headers: { 'www-authenticate': 'Bearer realm="distributor"' } });

const notYours = ({ role }: Session) =>
  new Problem({
    status: 403,
    detail:
      role === 'payee'
        ? 'A payee sees its own under /api/v1/payee, and nothing else.'
        : 'These routes are for payees, who sign in with Ethereum.',
  });

@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly tokens: JwtService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.routeOptions.url?.startsWith(protectedPrefix)) return true;
    if (this.isMarked(PUBLIC, context)) return true;
    const session = await readSession(this.tokens, request.headers.authorization);
    if ((session.role === 'payee') !== this.isMarked(FOR_PAYEE, context)) throw notYours(session);
    if (session.role === 'viewer' && !readingMethods.has(request.method)) {
      throw new Problem({ status: 403, detail: 'A viewer may look, but not change anything.' });
    }
    sessions.set(request, session);
    return true;
  }

  private isMarked(mark: string, context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<boolean | undefined>(mark, places) === true;
  }
}

/** Who an `Authorization` header says that one is. @throws Problem 401 */
export async function readSession(tokens: JwtService, authorization: string | undefined): Promise<Session> {
  const [, token] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) throw unauthorized('A bearer token is needed: POST /api/v1/auth/login gives one.');
  try {
    const claims: unknown = await tokens.verifyAsync(token, {
      algorithms: ['HS256'],
      issuer: tokenIssuer,
    });
    return tokenClaimsSchema.parse(claims);
  } catch {
    throw unauthorized('The bearer token is not valid or has expired: sign in again.');
  }
}
