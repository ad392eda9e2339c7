import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { FactLogger } from '../logging/fact-logger.js';
import { Problem, type ProblemDocument, problemDocument } from './problem.js';

/** Turns an error of the domain into a problem, or answers `undefined` for one that it does not know. */
export type ProblemMapping = (error: unknown) => Problem | undefined;

/** Fastify's own errors (413, 415, broken JSON) carry their status in a plain field. */
const frameworkErrorSchema = z.object({
  statusCode: z.number().int().min(400).max(499),
  message: z.string(),
});

const messageSchema = z.object({ message: z.union([z.string(), z.array(z.string())]) });

export function toProblem(error: unknown, mapping: ProblemMapping): Problem | undefined {
  if (error instanceof Problem) return error;
  const mapped = mapping(error);
  if (mapped) return mapped;
  if (error instanceof HttpException) {
    const response = messageSchema.safeParse(error.getResponse());
    const message = response.success ? response.data.message : error.message;
    return new Problem({
      status: error.getStatus(),
      detail: Array.isArray(message) ? message.join('; ') : message,
    });
  }
  const framework = frameworkErrorSchema.safeParse(error);
  if (framework.success) {
    return new Problem({ status: framework.data.statusCode, detail: framework.data.message });
  }
  return undefined;
}

export function sendProblem(
  reply: FastifyReply,
  document: ProblemDocument,
  headers: Readonly<Record<string, string>> = {},
) {
  void reply
    .status(document.status)
    .headers(headers)
    .type('application/problem+json')
    .send(JSON.stringify(document));
}

/** Every error leaves as a problem document; what is not the caller's fault is logged and says nothing of the inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new FactLogger('http');

  constructor(private readonly mapping: ProblemMapping) {}

  catch(error: unknown, host: ArgumentsHost) {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error, this.mapping);
    if (problem) {
      sendProblem(reply, problem.document(), problem.headers);
      return;
    }
    const { method, url } = http.getRequest<FastifyRequest>();
    this.log.error('request failed', error, { method, url });
    sendProblem(reply, problemDocument({ status: 500, detail: 'The server failed; its log says why.' }));
  }
}
