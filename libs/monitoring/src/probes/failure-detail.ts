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

const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null && name in error ? Reflect.get(error, name) : undefined;

/** Clients wrap what the system said: in a cause, or in a list when a name has several addresses. */
function* unwrapped(error: unknown): Generator {
  let at = error;
  for (let depth = 0; at !== undefined && depth < 5; depth++) {
    yield at;
    const several = property(at, 'errors');
    if (Array.isArray(several)) yield* several;
    at = property(at, 'cause');
  }
}

/** By its shape: errors of Node are no instances of `Error` inside a sandbox. */
function messageOf(error: unknown): string {
  const message = property(error, 'message');
  return typeof message === 'string' ? message : String(error);
}

/** What went wrong in a few words, without any of the secrets. */
export function failureDetail(error: unknown, secrets: readonly string[]): string {
  if (error instanceof ProbeFailedError) return reasonText(redact(error.message, secrets));
  const codes = [...unwrapped(error)].map((each) => errorCode(each) ?? '');
  const known = codes.map((code) => words[code]).find((word) => word !== undefined);
  if (known !== undefined) return known;
  return reasonText(redact(messageOf(error), secrets)) || 'failed';
}

const redact = (text: string, secrets: readonly string[]) =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
