import { errorCode } from '#platform';

import { reasonText } from '../segments/reason-text.js';
import { ProbeFailedError } from './probe.js';

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'host unreachable',
  ETIMEDOUT: 'connection timed out',
  HPE_INVALID_CONSTANT: 'not HTTP',
};

/** Clients wrap what the system said: in a cause, or in a list when a name has several addresses. */
function* unwrapped(error: unknown): Generator {
  for (let at: unknown = error, depth = 0; at instanceof Object && depth < 5; depth++) {
    yield at;
    if ('errors' in at && Array.isArray(at.errors)) yield* at.errors;
    at = 'cause' in at ? at.cause : undefined;
  }
}

/** What went wrong in a few words, without any of the secrets. */
export function failureDetail(error: unknown, secrets: readonly string[]): string {
  if (error instanceof ProbeFailedError) return reasonText(redact(error.message, secrets));
  const codes = [...unwrapped(error)].map((each) => errorCode(each) ?? '');
  const known = codes.map((code) => words[code]).find((word) => word !== undefined);
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  return reasonText(redact(message, secrets)) || 'failed';
}

const redact = (text: string, secrets: readonly string[]) =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
