import type { JobFailure, JobOutcome, JobSuccess } from './job.js';

/** A gateway's answer, its headers by lower-case name. */
export interface GatewayAnswer {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
}

type Judgement = Omit<JobSuccess, 'latencyMs'> | Omit<JobFailure, 'latencyMs'>;

/**
 * What a gateway's answer means. A gateway says `200` with no body when every orchestrator failed, mislabels JSON as
 * text, and hands a worker's 4xx on; so success asks for the status, the orchestrator's name **and** a body that
 * answers this job.
 */
export function judgeAnswer(answer: GatewayAnswer, jobId: string): Judgement {
  const { status, headers, text } = answer;
  const failure = (kind: JobFailure['kind'], detail: string): Judgement => ({
    kind,
    status,
    detail,
    ...(text === '' ? {} : { body: text }),
  });

  if (status !== 200) return failure(failureKind(status, text), describeRefusal(status, text));

  const orchestratorUrl = headers['x-orchestrator-url'];
  if (!orchestratorUrl) {
    return failure(
      'unknown',
      'the gateway answered 200 without naming an orchestrator: every orchestrator failed or timed out, or the worker behind it did',
    );
  }
  const body = parseObject(text);
  if (body === undefined) return failure('unknown', 'the answer is not a JSON object');
  if (body.job_id !== jobId) return failure('unknown', 'the answer is not for this job: job_id differs');
  return {
    kind: 'success',
    orchestratorUrl,
    balance: headers['livepeer-balance'] ?? null,
    metadata: headers['x-metadata'] ?? null,
    body,
  };
}

/** What the lack of an answer means: when the job cannot have left, it was not done; else nobody knows. */
export function judgeError(error: unknown): Pick<JobFailure, 'kind' | 'detail'> {
  const code = errorCode(error);
  if (code !== undefined && neverSentCodes.has(code)) {
    return { kind: 'transient', detail: `the gateway cannot be reached: ${errorText(error)}` };
  }
  return { kind: 'unknown', detail: `the gateway gave no answer: ${errorText(error)}` };
}

export function withLatency(judgement: Judgement, latencyMs: number): JobOutcome {
  return { ...judgement, latencyMs };
}

const neverSentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function failureKind(status: number, text: string): JobFailure['kind'] {
  // The same sentence is a 503 at pr-3650 and a 400 on master; it also stands for a token that came late.
  if (text.startsWith('No orchestrators found')) return 'transient';
  if (status === 429 || status === 503) return 'transient';
  if (status >= 500) return 'unknown';
  return 'permanent';
}

function describeRefusal(status: number, text: string): string {
  if (status >= 300 && status < 400)
    return `the gateway redirected (${String(status)}): its address is wrong`;
  if (status === 404 && text.startsWith('404 page not found')) {
    return 'the gateway has no job route: HTTP ingest is off (-httpIngest)';
  }
  const said = text.trim().slice(0, 500);
  return said === '' ? `the gateway answered ${String(status)}` : said;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * undici and Node put the code on the error or on its cause; a name tried on several addresses has a list of errors.
 * Not by `instanceof`: Node's own errors are of another realm where code runs in a VM context, as tests do.
 */
export function errorCode(error: unknown): string | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error.code === 'string') return error.code;
  if (Array.isArray(error.errors)) return error.errors.map(errorCode).find((code) => code !== undefined);
  return errorCode(error.cause);
}

/** The message, or the code where there is no message: an error about several addresses has none. */
export function errorText(error: unknown): string {
  if (isObject(error) && typeof error.message === 'string' && error.message !== '') return error.message;
  return errorCode(error) ?? String(error);
}
