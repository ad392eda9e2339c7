import { CapabilityRegistration } from '#livepeer';
import { Problem } from '#platform';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply } from 'fastify';

import { WorkerMetrics } from '../operations/worker-metrics.js';
import { JobSlots } from './job-slots.js';

/** Fits `X-Metadata`'s neighbours: short enough to try again within one search of a gateway. */
const retryAfterSeconds = '1';

/**
 * What is decided about requests before their bodies are read: a slot for each job, so that slow uploads count too, and
 * the kind of body.
 */
@Injectable()
export class JobRequests implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly slots: JobSlots,
    private readonly registration: CapabilityRegistration,
    private readonly metrics: WorkerMetrics,
  ) {}

  onModuleInit(): void {
    const server: FastifyInstance = this.adapterHost.httpAdapter.getInstance();
    server.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'POST') return;
      readBodyAsJson(request.raw.headers);
      if (request.routeOptions.url === '/agent-net') this.takeSlot(reply);
    });
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
}

function outcomeOf(status: number): 'success' | 'invalid' | 'not_settled' | 'failed' {
  if (status < 400) return 'success';
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
