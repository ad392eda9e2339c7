import { decodeStandardBase64 } from '../src/base64.js';
import { GoJsonError, encodeGoString } from './go-json.js';
import { decodeGoStruct } from './go-struct.js';
import type { Profile } from './profile.js';

/** The job JSON as both nodes decode it. */
export interface JobRequest {
  id: string;
  request: string;
  parameters: string;
  capability: string;
  capability_url: string;
  sender: string;
  sig: string;
  timeout_seconds: number;
}

/** Its message is the text that a node writes behind `err=`. */
export class JobRequestError extends Error {
  override readonly name = 'JobRequestError';
  constructor(
    message: string,
    readonly isMissingTimeout = false,
  ) {
    super(message);
  }
}

const jobRequest = {
  name: 'JobRequest',
  fields: {
    id: 'string',
    request: 'string',
    parameters: 'string',
    capability: 'string',
    capability_url: 'string',
    sender: 'string',
    sig: 'string',
    timeout_seconds: 'int',
  },
} as const;

/** @throws {JobRequestError} */
export function parseJobRequest(header: string): JobRequest {
  let text: string;
  try {
    text = decodeStandardBase64(header);
  } catch {
    throw new JobRequestError('ErrorSegEncoding');
  }
  let job: JobRequest;
  try {
    job = decodeGoStruct(text, jobRequest);
  } catch (error) {
    if (error instanceof GoJsonError) throw new JobRequestError(error.message);
    throw error;
  }
  if (job.timeout_seconds === 0) {
    throw new JobRequestError('no timeout_seconds set with request, timeout_seconds is required', true);
  }
  return job;
}

/** As the gateway writes it for the orchestrator: every key, in the struct's order, base64. */
export function encodeJobRequest(job: JobRequest, profile: Profile): string {
  const searchLimits =
    profile === 'master' ? ',"OrchSearchTimeout":1000000000,"OrchSearchRespTimeout":500000000' : '';
  const text = (['id', 'request', 'parameters', 'capability', 'capability_url', 'sender', 'sig'] as const)
    .map((key) => `"${key}":${encodeGoString(job[key])}`)
    .join(',');
  const json = `{${text},"timeout_seconds":${String(job.timeout_seconds)}${searchLimits}}`;
  return Buffer.from(json, 'utf8').toString('base64');
}
