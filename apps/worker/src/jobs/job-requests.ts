import { CapabilityRegistration } from '#livepeer';
import { Problem } from '#platform';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { WorkerMetrics } from '../operations/worker-metrics.js';
import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';
import { JobSlots } from './job-slots.js';
import { JobToken } from './job-token.js';

/** Fits `X-Metadata`'s neighbours: short enough to try again within one search of a gateway. */
const retryAfterSeconds = '1';

/**
 * What is decided about requests before their bodies are read: whether the job comes from our orchestrator, a slot for it,
 * so that slow uploads count too, and the kind of body.
 */
@Injectable()
export class JobRequests implements OnModuleInit {
  private readonly token: JobToken;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly slots: JobSlots,
    private readonly registration: CapabilityRegistration,
    private readonly metrics: WorkerMetrics,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {
    this.token = new JobToken(config.offer.token);
  }

  onModuleInit(): void {
    const server: FastifyInstance = this.adapterHost.httpAdapter.getInstance();
    server.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'POST') return;
      readBodyAsJson(request.raw.headers);
      if (request.routeOptions.url !== '/agent-net') return;
      this.checkToken(request);
      this.takeSlot(reply);
      this.limitUpload(request, reply);
    });
  }

  private checkToken({ headers }: FastifyRequest): void {
    const refusal = this.token.refusalOf(headers.authorization);
    if (refusal === undefined) return;
    this.metrics.jobs.inc({ outcome: 'unauthorized' });
    throw new Problem({ status: 401, detail: refusal, headers: { 'www-authenticate': 'Bearer' } });
  }

  private takeSlot(reply: FastifyReply): void {
    if (!this.slots.take()) {
      this.metrics.jobs.inc({ outcome: 'refused' });
      throw new Problem({
        status: 429,
        detail: `The worker does at most ${this.slots.capacity} jobs at once and none while it shuts down`,
        headers: { 'retry-after': retryAfterSeconds },
      });
    }
    const startedAt = performance.now();
    reply.raw.once('close', () => {
      this.slots.release();
      this.metrics.jobSeconds.observe((performance.now() - startedAt) / 1_000);
      const isAnswered = reply.raw.writableFinished;
      this.metrics.jobs.inc({ outcome: isAnswered ? outcomeOf(reply.statusCode) : 'aborted' });
      // The orchestrator counts a job that it gave up as running for ever, until the capability is registered anew.
      if (!isAnswered) this.registration.jobAborted();
    });
  }

  /** Whoever never ends a body would hold a slot for good; a job is answered before its orchestrator gives it up. */
  private limitUpload({ raw }: FastifyRequest, reply: FastifyReply): void {
    if (raw.complete) return;
    const { jobUploadMs } = this.config;
    const timer = setTimeout(() => {
      if (raw.complete || reply.sent) return;
      const detail = `The body did not arrive within ${jobUploadMs / 1_000} s`;
      const problem = new Problem({ status: 408, detail });
      // What is left of the body would be taken for the next request.
      void reply
        .status(408)
        .headers({ connection: 'close', 'content-type': 'application/problem+json' })
        .send(JSON.stringify(problem.document()));
    }, jobUploadMs);
    raw.once('end', () => {
      clearTimeout(timer);
    });
    reply.raw.once('close', () => {
      clearTimeout(timer);
    });
  }
}

function outcomeOf(status: number): 'success' | 'invalid' | 'not_settled' | 'late' | 'failed' {
  if (status < 400) return 'success';
  if (status === 408) return 'late';
  if (status === 409) return 'not_settled';
  return status < 500 ? 'invalid' : 'failed';
}

/**
 * An orchestrator passes on whatever content type the client gave: none, an empty one, that of a form. The body is JSON
 * all the same.
 */
function readBodyAsJson(headers: NodeJS.Dict<string | string[]>): void {
  const isEmpty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  if (isEmpty) delete headers['content-type'];
  else headers['content-type'] = 'application/json';
}
