import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';

import { readAll } from './go-http-client.js';

export interface PlainAnswer {
  status: number;
  /** By lower-case name. */
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface PlainRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** As it is to stand on the wire, where a URL would be cleaned first. */
  path?: string;
  signal?: AbortSignal;
}

/** One request over a connection of its own, by Node alone; `dropped` when the connection ended with no answer. */
export async function plainHttp(url: string, options: PlainRequest = {}): Promise<PlainAnswer | 'dropped'> {
  const { method = 'GET', headers = {}, body, path, signal } = options;
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
      agent: false,
      rejectUnauthorized: false,
      ...(path === undefined ? {} : { path }),
      ...(signal ? { signal } : {}),
    });
    request.on('response', (answer) => {
      readAll(answer).then((text) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: text.toString('utf8') });
      }, reject);
    });
    request.on('error', (error) => {
      if ('code' in error && error.code === 'ECONNRESET' && !signal?.aborted) resolve('dropped');
      else reject(error);
    });
    request.end(body);
  });
}

/** The one answer that stands on the wire after these bytes were sent, without its `Date` line. */
export async function rawExchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let text = '';
  for await (const chunk of socket) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    if (isWhole(text)) break;
  }
  socket.destroy();
  return text.replace(/^Date: .*\r\n/m, '');
}

function isWhole(text: string): boolean {
  const [head, body] = text.split('\r\n\r\n', 2);
  const length = /^Content-Length: (\d+)$/im.exec(head ?? '')?.[1];
  return length !== undefined && body !== undefined && Buffer.byteLength(body) >= Number(length);
}
