import type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from '#payments';
import { errorCode, toIsoTime } from '#platform';
import { type AddressGuard, ForbiddenAddressError } from './address-guard.js';
import { type Answer, exchange, TimeoutError, TooManyBytesError } from './exchange.js';
import { notYetFrom, parseJson } from './not-yet.js';
import { WorkerConnections } from './worker-connections.js';

export interface WorkerEvidenceOptions {
  /** For the whole exchange, connecting included. */
  timeoutMs?: number;
  /** A report of a hundred services is below 40 kB. */
  maxBytes?: number;
  /** Whom it may connect to. */
  guard: AddressGuard;
}

/** Asks each worker itself: one GET per orchestrator and period over connections that are kept alive. */
export class WorkerEvidence implements EvidenceSource {
  private readonly timeoutMs: number;
  private readonly maxBytes: number;
  private readonly connections: WorkerConnections;

  constructor({ timeoutMs = 10_000, maxBytes = 512 * 1024, guard }: WorkerEvidenceOptions) {
    this.timeoutMs = timeoutMs;
    this.maxBytes = maxBytes;
    this.connections = new WorkerConnections(guard);
  }

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    const { workerUrl } = request.orchestrator;
    if (!workerUrl) return { kind: 'failed', detail: 'The orchestrator has no worker URL.' };
    const url = URL.canParse(workerUrl) ? new URL(workerUrl) : undefined;
    if (!url) return notOfAWorker;
    const { timeoutMs, maxBytes } = this;
    const startedAt = performance.now();
    try {
      const question = this.connections.get(url, url.pathname.replace(/\/+$/, '') + reportPath(request));
      if (!question) return notOfAWorker;
      const answer = await exchange(question, { timeoutMs, maxBytes, signal: request.signal });
      return judge(answer, request, Math.round(performance.now() - startedAt));
    } catch (error) {
      return { kind: 'failed', detail: `The worker at ${url.origin} ${this.reasonOf(error)}.` };
    }
  }

  async close(): Promise<void> {
    this.connections.close();
  }

  private reasonOf(error: unknown): string {
    if (error instanceof TimeoutError) return `did not answer within ${this.timeoutMs / 1000} s`;
    if (error instanceof TooManyBytesError) return 'answered with too many bytes';
    if (error instanceof ForbiddenAddressError) return `is not asked: ${error.message}`;
    const code = errorCode(error);
    if (code === 'ECONNREFUSED') return 'refused the connection';
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has a host name that does not resolve';
    return `could not be asked: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const notOfAWorker: EvidenceOutcome = {
  kind: 'failed',
  detail: 'The worker URL must begin with http:// or https://.',
};

function reportPath({ fromMs, toMs, challenge }: EvidenceRequest): string {
  const [from, to] = [toIsoTime(fromMs), toIsoTime(toMs)].map(encodeURIComponent);
  return `/reports?from=${from ?? ''}&to=${to ?? ''}&challenge=${challenge}`;
}

function judge({ status, text }: Answer, { toMs }: EvidenceRequest, latencyMs: number): EvidenceOutcome {
  const body = parseJson(text);
  if (status === 200) {
    if (body === undefined)
      return { kind: 'failed', detail: 'The worker answered 200 with something that is not JSON.' };
    return { kind: 'report', signed: body, text, latencyMs };
  }
  const notYet = status === 409 ? notYetFrom(body, toMs) : undefined;
  return notYet ?? { kind: 'failed', detail: `The worker answered ${status}${explained(body)}.` };
}

/** The sentence of a problem document, shortened: it comes from outside and ends up in the books. */
function explained(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return '';
  return typeof body.detail === 'string' ? `: ${body.detail.slice(0, 200)}` : '';
}
