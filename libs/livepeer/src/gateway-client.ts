import { Pool } from 'undici';

import { startDeadline } from './deadline.js';
import { encodeJobHeader, encodeParameters, jobHeaderName } from './job-header.js';
import { judgeAnswer, judgeError, withLatency } from './job-outcome.js';
import type { GatewayAnswer } from './job-outcome.js';
import type { Job, JobOutcome } from './job.js';
import type { PayerNetwork } from './network.js';

export interface GatewayClientOptions {
  /** `http://host:port`, with no path. */
  gatewayUrl: string;
  /** Kept-alive connections to the gateway. */
  maxConnections?: number;
  /** An answer that is larger is given up. A signed report of hundreds of services is some hundred KiB. */
  maxBodyBytes?: number;
  /** How many orchestrators the gateway may try in turn for a job that names none. */
  orchestratorsTried?: number;
}

/** A gateway's token search takes at most this long, its wait for an orchestrator this much longer than the job's. */
const searchMs = 1_000;
const gatewayPatienceMs = 5_000;
/** For the network between us and the gateway: giving up before the gateway does leaks the orchestrator's capacity. */
const slackMs = 4_000;

/** How long to wait for a gateway's whole answer. */
export function clientDeadlineMs(timeoutSeconds: number, orchestratorsTried: number): number {
  return searchMs + orchestratorsTried * (timeoutSeconds * 1_000 + gatewayPatienceMs) + slackMs;
}

/** Sends jobs through one gateway. Follows no redirect: a POST would become a GET. */
export class GatewayClient implements PayerNetwork {
  private readonly pool: Pool;
  private readonly orchestratorsTried: number;

  constructor(options: GatewayClientOptions) {
    this.orchestratorsTried = options.orchestratorsTried ?? 3;
    this.pool = new Pool(new URL(options.gatewayUrl).origin, {
      connections: options.maxConnections ?? 64,
      pipelining: 1,
      connect: { timeout: 5_000 },
      // The deadline of each job is its signal; undici's own would cut in at five minutes.
      headersTimeout: 0,
      bodyTimeout: 0,
      // An event stream without its end marker makes the gateway send newlines as fast as it can.
      maxResponseSize: options.maxBodyBytes ?? 1_048_576,
    });
  }

  /**
   * Never throws for what the network did; that is the outcome.
   * @throws {JobHeaderError | TypeError} for a job that no gateway would take: a bad timeout, an empty capability, a bad route
   */
  async send(job: Job, signal?: AbortSignal): Promise<JobOutcome> {
    const request = {
      path: gatewayPath(job.route),
      method: 'POST' as const,
      headers: { 'content-type': 'application/json', [jobHeaderName]: jobHeader(job) },
      body: JSON.stringify({ ...job.body, job_id: job.id }),
    };
    const deadlineMs = clientDeadlineMs(
      job.timeoutSeconds,
      job.orchestratorUrl ? 1 : this.orchestratorsTried,
    );
    const deadline = startDeadline(deadlineMs, signal);
    const startedAt = performance.now();
    const latencyMs = (): number => Math.round((performance.now() - startedAt) * 10) / 10;
    try {
      const answer = await this.exchange(request, deadline.signal);
      return withLatency(judgeAnswer(answer, job.id), latencyMs());
    } catch (error) {
      if (deadline.expired()) {
        return unanswered(`the gateway did not answer within ${String(deadlineMs)} ms`, latencyMs());
      }
      if (signal?.aborted) return unanswered('given up by the caller before an answer', latencyMs());
      return { ...judgeError(error), status: null, latencyMs: latencyMs() };
    } finally {
      deadline.release();
    }
  }

  /** Ends what is under way and closes every connection. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async exchange(
    request: Omit<Parameters<Pool['request']>[0], 'signal'>,
    signal: AbortSignal,
  ): Promise<GatewayAnswer> {
    const { statusCode, headers, body } = await this.pool.request({ ...request, signal });
    return { status: statusCode, headers: singleValues(headers), text: await body.text() };
  }
}

function jobHeader(job: Job): string {
  return encodeJobHeader({
    id: job.id,
    request: '{}',
    parameters: encodeParameters(job.orchestratorUrl ? { include: [job.orchestratorUrl] } : {}),
    capability: job.capability,
    timeoutSeconds: job.timeoutSeconds,
  });
}

/** A doubled slash or `..` would be redirected, a query dropped. */
function gatewayPath(route: string): string {
  const segments = route.replace(/^\/|\/$/g, '').split('/');
  if (segments.some((segment) => !/^[A-Za-z0-9._~-]+$/.test(segment) || /^\.+$/.test(segment))) {
    throw new TypeError(`"${route}" is not a route of a worker`);
  }
  return `/process/request/${segments.join('/')}`;
}

function singleValues(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function unanswered(detail: string, latencyMs: number): JobOutcome {
  return { kind: 'unknown', status: null, detail, latencyMs };
}
