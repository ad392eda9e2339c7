import type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from '#payments';
import { errorCode, toIsoTime } from '#platform';
import { Agent } from 'undici';
import { notYetFrom, parseJson } from './not-yet.js';

export interface WorkerEvidenceOptions {
  /** For the whole exchange, connecting included. */
  timeoutMs?: number;
  /** A report of a hundred services is below 40 kB. */
  maxBytes?: number;
}

/** Asks each worker itself: one GET per orchestrator and period over connections that are kept alive. */
export class WorkerEvidence implements EvidenceSource {
  private readonly timeoutMs: number;
  private readonly agent: Agent;

  constructor({ timeoutMs = 10_000, maxBytes = 512 * 1024 }: WorkerEvidenceOptions = {}) {
    this.timeoutMs = timeoutMs;
    this.agent = new Agent({
      connections: 2,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: maxBytes,
      keepAliveTimeout: 70_000,
    });
  }

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    const url = reportUrl(request);
    if (typeof url === 'string') return { kind: 'failed', detail: url };
    const timeout = AbortSignal.timeout(this.timeoutMs);
    const startedAt = performance.now();
    try {
      const answer = await this.agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: { accept: 'application/json' },
        signal: AbortSignal.any([request.signal, timeout]),
      });
      const body = parseJson(await answer.body.text());
      return judge(answer.statusCode, body, request, Math.round(performance.now() - startedAt));
    } catch (error) {
      const late = timeout.aborted && !request.signal.aborted;
      return {
        kind: 'failed',
        detail: late ? this.lateness(url) : `The worker at ${url.origin} ${reasonOf(error)}.`,
      };
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private lateness(url: URL): string {
    return `The worker at ${url.origin} did not answer within ${this.timeoutMs / 1000} s.`;
  }
}

/** The address to ask, or why it may not be asked: a record could name `file:` or something that is no URL. */
function reportUrl({ orchestrator, fromMs, toMs, challenge }: EvidenceRequest): URL | string {
  const base = orchestrator.workerUrl;
  if (!base) return 'The orchestrator has no worker URL.';
  const text = `${base.replace(/\/+$/, '')}/reports`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return 'The worker URL must begin with http:// or https://.';
  }
  url.search = new URLSearchParams({ from: toIsoTime(fromMs), to: toIsoTime(toMs), challenge }).toString();
  return url;
}

function judge(status: number, body: unknown, { toMs }: EvidenceRequest, latencyMs: number): EvidenceOutcome {
  if (status === 200) {
    if (body === undefined)
      return { kind: 'failed', detail: 'The worker answered 200 with something that is not JSON.' };
    return { kind: 'report', signed: body, latencyMs };
  }
  const notYet = status === 409 ? notYetFrom(body, toMs) : undefined;
  return notYet ?? { kind: 'failed', detail: `The worker answered ${status}${explained(body)}.` };
}

/** The sentence of a problem document, shortened: it comes from outside and ends up in the books. */
function explained(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return '';
  return typeof body.detail === 'string' ? `: ${body.detail.slice(0, 200)}` : '';
}

function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'answered with too many bytes';
  if (code === 'ECONNREFUSED') return 'refused the connection';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has a host name that does not resolve';
  return `could not be asked: ${error instanceof Error ? error.message : String(error)}`;
}
