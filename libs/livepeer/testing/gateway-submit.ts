import { relayEventStream } from './event-stream.js';
import { findTokens, allowedPool, parseFilter } from './gateway-search.js';
import type { OrchestratorFilter, SearchLimits, Token } from './gateway-search.js';
import type { GatewaySender } from './gateway-sender.js';
import { goAnswer, goError, goPanic, goStream } from './go-http-answer.js';
import { readAll } from './go-http-client.js';
import type { GoCallAnswer, GoHttpClient } from './go-http-client.js';
import type { GoExchange } from './go-http-server.js';
import { GoJsonError, parseGoJson } from './go-json.js';
import { decodeValue } from './go-struct.js';
import { JobRequestError, encodeJobRequest, parseJobRequest } from './job-request.js';
import type { JobRequest } from './job-request.js';
import type { Profile } from './profile.js';

export interface SubmitOptions {
  pool: readonly string[];
  profile: Profile;
  sender: GatewaySender;
  client: GoHttpClient;
  secondMs: number;
  limits: SearchLimits;
  /** Off-chain tokens carry no ticket parameters, and the gateway runs into that after the worker has run. */
  lacksTicketParams: boolean;
}

export const requestPrefix = '/process/request/';
/** The gateway waits this much longer than the orchestrator does. */
const patienceSeconds = 5;

/** `POST /process/request/<rest>`: checks the job, finds orchestrators, tries them one after the other. */
export async function submitJob(exchange: GoExchange, options: SubmitOptions): Promise<void> {
  const { request, response, signal } = exchange;
  const { profile, client, sender } = options;
  if (request.method !== 'POST') {
    goError(response, 405, 'Method not allowed');
    return;
  }
  const setup = setUpJob(exchange, profile);
  if (setup === undefined) return;
  const { job, filter } = setup;
  // No `-orchAddr`: there is no pool object at all, and the handler runs into that.
  if (options.pool.length === 0) {
    goPanic(request);
    return;
  }
  const tokens = await findTokens({
    pool: allowedPool(options.pool, filter),
    capability: job.capability,
    senderHeader: sender.tokenHeader,
    profile,
    limits: options.limits,
    client,
    signal,
  });
  if (tokens.length === 0) {
    const status = profile === 'master' ? 400 : 503;
    goError(response, status, `No orchestrators found for capability ${job.capability}`);
    return;
  }
  const body = await readAll(request);
  for (const token of tokens) {
    if ((await tryOrchestrator(exchange, options, job, token, body)) === 'answered') return;
  }
  // Every orchestrator failed, and nobody says so.
  if (response.headersSent) response.end();
  else goAnswer(response, 200, {});
}

function setUpJob(
  { request, response }: GoExchange,
  profile: Profile,
): { job: JobRequest; filter: OrchestratorFilter } | undefined {
  const header = request.headers.livepeer;
  let stage = 'Unable to parse job request, err=';
  try {
    const job = parseJobRequest(typeof header === 'string' ? header : '');
    stage = 'Unable to unmarshal job request err=';
    if (profile === 'master') {
      decodeValue(parseGoJson(job.request), {
        name: 'JobRequestDetails',
        fields: { stream_id: 'string' },
      });
    }
    stage = 'Unable to unmarshal job parameters err=';
    return { job, filter: parseFilter(job.parameters) };
  } catch (error) {
    if (!(error instanceof JobRequestError) && !(error instanceof GoJsonError)) throw error;
    goError(response, 400, `${stage}${error.message}`);
    return undefined;
  }
}

async function tryOrchestrator(
  exchange: GoExchange,
  options: SubmitOptions,
  job: JobRequest,
  token: Token,
  body: Buffer,
): Promise<'answered' | 'next'> {
  const { response } = exchange;
  if (token.pricePerUnit > 0) {
    // The double has no tickets; a gateway without a deposit answers the same.
    if (options.profile === 'master') return 'next';
    goError(response, 400, 'Unable to create payment err=no sender deposit');
    return 'answered';
  }
  let answer: GoCallAnswer;
  try {
    answer = await callOrchestrator(exchange, options, job, token, body);
  } catch {
    return 'next';
  }
  const metadata = answer.header('X-Metadata');
  const names = { 'X-Metadata': metadata, 'X-Orchestrator-Url': token.serviceAddress };

  if (answer.header('Content-Type').includes('text/event-stream')) {
    if (!response.headersSent) {
      goStream(response, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        'Livepeer-Balance': answer.header('Livepeer-Balance'),
        ...names,
      });
    }
    await relayEventStream(answer.body, response);
    answer.body.destroy();
    // It forgets to return here, and runs the job again on the next orchestrator.
    return 'next';
  }
  const data = await readAll(answer.body).catch(() => undefined);
  if (data === undefined || answer.status >= 500) return 'next';
  if (response.headersSent) {
    response.end(data);
  } else if (answer.status > 399) {
    goError(response, answer.status, data);
  } else if (options.lacksTicketParams) {
    goPanic(exchange.request);
  } else {
    goAnswer(response, 200, { 'Livepeer-Balance': answer.header('Livepeer-Balance'), ...names }, data);
  }
  return 'answered';
}

function callOrchestrator(
  { request, path, signal }: GoExchange,
  { client, profile, sender, secondMs }: SubmitOptions,
  job: JobRequest,
  token: Token,
  body: Buffer,
): Promise<GoCallAnswer> {
  const signed = { ...job, sender: sender.address, sig: sender.signJob(job.request, job.parameters) };
  // pr-3650 joins the rest with a slash of its own, so that an empty rest loses the one it needs.
  const route = profile === 'pr-3650' && path === requestPrefix ? '/process/request' : path;
  return client.call({
    method: 'POST',
    url: token.serviceAddress + encodeURI(route),
    headers: {
      'Content-Type': request.headers['content-type'] ?? '',
      Livepeer: encodeJobRequest(signed, profile),
    },
    body,
    headersWithinMs: (job.timeout_seconds + patienceSeconds) * secondMs,
    signal,
  });
}
