import { request } from 'undici';
import { secretForms, withoutSecrets } from '../../config/secret-forms.js';
import { ChannelError, SEND_TIMEOUT_MS } from './channel.js';

/** More of an answer says nothing to anybody. */
const MOST_SHOWN = 200;
const MOST_READ_BYTES = 16_384;

export interface Posting {
  /** May hold credentials (`user:password@`), which become basic authentication. */
  url: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface Posted {
  status: number;
  text: string;
}

/**
 * Posts JSON and answers what came back with a status of success. Follows no redirect: an address that moved is for a
 * person to look at.
 * @throws ChannelError that names the host and the status, never the path, in which channels keep their secrets
 */
export async function postJson({ url, body, headers = {}, signal }: Posting): Promise<Posted> {
  const target = new URL(url);
  const { host, username, password } = target;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const basic = Buffer.from(credentials).toString('base64');
  target.username = '';
  target.password = '';
  let status: number;
  let text: string;
  let retryAfter: string | string[] | undefined;
  try {
    const answer = await request(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'uptime-payroll',
        ...(username !== '' && { authorization: `Basic ${basic}` }),
        ...headers,
      },
      body,
      signal,
      headersTimeout: SEND_TIMEOUT_MS,
      bodyTimeout: SEND_TIMEOUT_MS,
    });
    status = answer.statusCode;
    retryAfter = answer.headers['retry-after'];
    text = await firstOf(answer.body);
  } catch (error) {
    if (signal.aborted) throw new ChannelError(`${host} did not answer within ${SEND_TIMEOUT_MS} ms`);
    throw new ChannelError(
      `${host} cannot be reached: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
  if (status >= 200 && status < 300) return { status, text };
  // Some say again what they were told. Cut afterwards: half a key would not be known as one.
  const said = withoutSecrets(text, secretForms([url, basic, ...Object.values(headers)]));
  const shown = said.replaceAll(/\s+/g, ' ').slice(0, MOST_SHOWN);
  throw new ChannelError(
    `${host} answered HTTP ${status}${shown === '' ? '' : `: ${shown}`}`,
    retryAfterMs(retryAfter, text),
  );
}

async function firstOf(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_READ_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MOST_READ_BYTES);
}

/** Seconds in a header (Slack, Discord), or in the JSON of the answer (Discord, Telegram). */
export function retryAfterMs(header: string | string[] | undefined, text: string): number | undefined {
  const seconds =
    typeof header === 'string' ? header : (/"retry_after"\s*:\s*([\d.]+)/.exec(text)?.[1] ?? '');
  if (/^\d{1,6}(\.\d+)?$/.test(seconds)) return Math.ceil(Number(seconds) * 1_000);
  const date = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
