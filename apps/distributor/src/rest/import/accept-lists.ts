import { Problem } from '#platform';
import { JwtService } from '@nestjs/jwt';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { readSession } from '../../auth/bearer.guard.js';

export const importPath = '/api/v1/orchestrators/import';

/** Bytes: 20,000 payees with every field. Everywhere else the limit of the app holds. */
const bodyLimit = 8 * 1024 * 1024;

/** A body of `text/csv`, as it came. */
export class CsvBody {
  constructor(readonly text: string) {}
}

/**
 * Lets one route take CSV, and bodies larger than the others do; from those who are signed in only, asked before the
 * body is read.
 */
export function acceptLists(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  // Nest takes forms as well; nothing here is one.
  fastify.addHook('onRequest', (request, _reply, done) => {
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
    done(
      isForm
        ? new Problem({ status: 415, detail: 'Forms are not taken: send application/json.' })
        : undefined,
    );
  });
  fastify.addHook('onRoute', (route) => {
    if (route.url !== importPath || route.method !== 'POST') return;
    route.bodyLimit = bodyLimit;
    route.onRequest = async (request: FastifyRequest) => {
      await readSession(app.get(JwtService, { strict: false }), request.headers.authorization);
    };
  });
  fastify.addContentTypeParser(
    'text/csv',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (request.routeOptions.url !== importPath) {
        throw new Problem({ status: 415, detail: 'text/csv is not taken here: send application/json.' });
      }
      try {
        return new CsvBody(new TextDecoder('utf-8', { fatal: true }).decode(body));
      } catch {
        throw new Problem({ status: 400, detail: 'The file is not UTF-8.' });
      }
    },
  );
}
