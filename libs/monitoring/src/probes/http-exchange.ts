import type { Dispatcher } from 'undici';

import { ProbeFailedError } from './probe.js';

/** Answers that are longer are not read to their end. */
const maxBodyBytes = 1024 * 1024;

export interface HttpExchange {
  url: string;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

/**
 * One question on a connection of its own, no redirect followed, the body read up to a bound.
 * @throws ProbeFailedError when the answer is longer
 */
export async function exchange(
  { url, ...request }: HttpExchange,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const { request: ask } = await import('undici');
  const answer = await ask(url, { ...request, signal, reset: true });
  return { status: answer.statusCode, body: await boundedText(answer.body) };
}

async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('The answer is not made of bytes');
    bytes += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (bytes > maxBodyBytes) throw new ProbeFailedError('answer too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** @throws ProbeFailedError */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ProbeFailedError('answer is not JSON');
  }
}
