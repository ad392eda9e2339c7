import { once } from 'node:events';

import { jobMessage } from '../src/signatures.js';
import type { CapabilityRegistry, RegisteredCapability } from './capability-registry.js';
import { relayEventStream } from './event-stream.js';
import { goAnswer, goError, goPanic, goStream } from './go-http-answer.js';
import { GoCallError, readAll } from './go-http-client.js';
import type { GoCallAnswer, GoHttpClient } from './go-http-client.js';
import type { GoExchange } from './go-http-server.js';
import { parseGoJson } from './go-json.js';
import { decodeValue } from './go-struct.js';
import { parseJobRequest, JobRequestError } from './job-request.js';
import type { JobRequest } from './job-request.js';
import type { Profile } from './profile.js';
import { quickSigner } from './signature-cache.js';

interface ProcessOptions {
  registry: CapabilityRegistry;
  profile: Profile;
  client: GoHttpClient;
  /** How long a second of `timeout_seconds` lasts. */
  secondMs: number;
  /** A fault on demand: the body of an answer never comes. */
  stallsBody: () => boolean;
  onWorkerAnswer: (tookMs: number) => void;
}

export const processPrefix = '/process/request/';

/** `POST /process/request/<rest>`: verifies and counts the job, then calls the worker. */
export async function processJob(exchange: GoExchange, options: ProcessOptions): Promise<void> {
  const { request, response, path } = exchange;
  const { registry, profile } = options;
  if (request.method !== 'POST') {
    goError(response, 405, 'Method not allowed');
    return;
  }
  let job: JobRequest;
  try {
    job = verifiedJob(request.headers.livepeer);
  } catch (error) {
    if (!(error instanceof JobRequestError)) throw error;
    refuseCredentials(exchange, error, profile);
    return;
  }
  const capability = registry.reserve(job.capability);
  if (capability === undefined) {
    goError(response, 503, profile === 'master' ? 'No capacity available for capability' : 'zero capacity');
    return;
  }
  if (profile === 'master' && !isJobDetails(job.request)) {
    // The slot that was counted stays taken.
    goError(response, 400, 'Unable to unmarshal job request details err=unexpected end of JSON input');
    return;
  }
  const body = await readAll(request);
  const rest = path.slice(processPrefix.length);
  const url = rest === '' ? capability.url : `${capability.url}/${rest}`;
  // Go refuses to make a request of it; the counted slot stays taken, and pr-3650 runs into a nil pointer after that.
  if (firstSegmentHoldsColon(url)) {
    if (profile === 'pr-3650') goPanic(request);
    else goError(response, 500, `parse "${url}": first path segment in URL cannot contain colon`);
    return;
  }
  await callWorker(exchange, options, job, capability, { url, body });
}

async function callWorker(
  exchange: GoExchange,
  options: ProcessOptions,
  job: JobRequest,
  capability: RegisteredCapability,
  { url, body }: { url: string; body: Buffer },
): Promise<void> {
  const { request, response, signal } = exchange;
  const { registry, profile, client, secondMs } = options;
  let answer: GoCallAnswer;
  const startedAt = performance.now();
  try {
    answer = await client.call({
      method: 'POST',
      url,
      headers: {
        'Content-Type': request.headers['content-type'] ?? '',
        ...(capability.token === '' ? {} : { Authorization: `Bearer ${capability.token}` }),
      },
      body,
      headersWithinMs: job.timeout_seconds * secondMs,
      signal,
    });
  } catch (error) {
    if (!(error instanceof GoCallError)) throw error;
    // Nothing frees the slot here; the next registration does.
    if (!error.isCancellation) registry.remove(job.capability);
    refuseUnprocessable(exchange, error.message);
    return;
  }
  answer.body.once('end', () => {
    options.onWorkerAnswer(performance.now() - startedAt);
  });
  try {
    if (answer.status === 401 && profile === 'master') {
      answer.body.resume();
      registry.remove(job.capability);
      refuseUnprocessable(exchange, 'worker auth token failed');
      return;
    }
    const metadata = answer.header('X-Metadata');
    if (answer.header('Content-Type').includes('text/event-stream')) {
      goStream(response, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        'Livepeer-Payment-Balance': '0',
        'X-Metadata': metadata,
      });
      await relayEventStream(answer.body, response, 'data: {"balance": 0.000}\n\n\n');
      answer.body.destroy();
      response.end();
      return;
    }
    if (options.stallsBody()) {
      answer.body.resume();
      response.writeHead(200, { 'Content-Length': 1_000 }).flushHeaders();
      await once(response, 'close');
      return;
    }
    await relayWhole(exchange, answer, { 'Livepeer-Balance': '0', 'X-Metadata': metadata });
  } finally {
    registry.free(job.capability);
  }
}

async function relayWhole(
  { response }: GoExchange,
  answer: GoCallAnswer,
  headers: Record<string, string>,
): Promise<void> {
  let data: Buffer;
  try {
    data = await readAll(answer.body);
  } catch {
    goError(response, 500, '');
    return;
  }
  if (answer.status > 399) goError(response, answer.status, data, headers);
  else goAnswer(response, 200, headers, data);
}

function verifiedJob(header: string | string[] | undefined): JobRequest {
  const job = parseJobRequest(typeof header === 'string' ? header : '');
  const signer = quickSigner(jobMessage(job.request, job.parameters), job.sig);
  if (signer?.toLowerCase() !== job.sender.toLowerCase()) {
    throw new JobRequestError('ErrSegSig');
  }
  return job;
}

function isJobDetails(request: string): boolean {
  try {
    decodeValue(parseGoJson(request), { name: 'JobRequestDetails', fields: { stream_id: 'string' } });
    return true;
  } catch {
    return false;
  }
}

function refuseCredentials({ response }: GoExchange, error: JobRequestError, profile: Profile): void {
  if (error.isMissingTimeout) goError(response, 400, error.message);
  else if (profile === 'master') goError(response, 400, 'Could not verify job creds');
  else goError(response, 403, error.message);
}

/** Says "removing capability" whether or not it did. */
function refuseUnprocessable({ response }: GoExchange, reason: string): void {
  goError(response, 500, `job not able to be processed, removing capability err=${reason}`, {
    'Livepeer-Balance': '0',
  });
}

function firstSegmentHoldsColon(url: string): boolean {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)) return false;
  return (url.split('/', 1)[0] ?? '').includes(':');
}
