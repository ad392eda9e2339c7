import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Why a call ended without an answer; `message` is worded as Go words it. */
export class GoCallError extends Error {
  override readonly name = 'GoCallError';
  constructor(
    message: string,
    /** Timeouts and callers that left: Go's text then holds `context canceled`. */
    readonly isCancellation: boolean,
  ) {
    super(message);
  }
}

export interface GoCall {
  method: 'GET' | 'POST';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer;
  /** Until the answer's headers; its body may take as long as it likes. */
  headersWithinMs: number;
  /** Ends the call and its body. */
  signal: AbortSignal;
}

export interface GoCallAnswer {
  status: number;
  header(name: string): string;
  body: Readable;
}

/** Node's agents heed a server's `Keep-Alive: timeout=5`; Go does not know that header and keeps connections longer. */
const idleMs = 60_000;

class GoHttpAgent extends HttpAgent {
  override keepSocketAlive(socket: Duplex): boolean {
    return keepIdle(socket);
  }
}

class GoHttpsAgent extends HttpsAgent {
  override keepSocketAlive(socket: Duplex): boolean {
    return keepIdle(socket);
  }
}

function keepIdle(socket: Duplex): boolean {
  if (!(socket instanceof Socket)) return false;
  socket.setKeepAlive(true);
  socket.setTimeout(idleMs);
  socket.unref();
  return true;
}

/** Go's HTTP client as go-livepeer sets it up: follows redirects, verifies no certificate, keeps connections. */
export class GoHttpClient {
  private readonly http = new GoHttpAgent({ keepAlive: true });
  private readonly https = new GoHttpsAgent({ keepAlive: true, rejectUnauthorized: false });

  /** @throws {GoCallError} */
  async call(call: GoCall): Promise<GoCallAnswer> {
    let next = call;
    for (let hop = 0; hop <= 10; hop += 1) {
      const answer = await this.roundTrip(next);
      const location = answer.headers.location;
      const status = answer.statusCode ?? 0;
      if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return wrap(answer);
      answer.resume();
      next = { ...next, url: new URL(location, next.url).href };
      if (status < 307) next = withoutBody(next);
    }
    throw new GoCallError(`${verb(call.method)} "${call.url}": stopped after 10 redirects`, false);
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private async roundTrip(call: GoCall): Promise<IncomingMessage> {
    const { method, body } = call;
    const failure = (text: string, isCancellation: boolean): GoCallError =>
      new GoCallError(`${verb(method)} "${call.url}": ${text}`, isCancellation);
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(call.url)?.[1]?.toLowerCase() ?? '';
    if (scheme !== 'http' && scheme !== 'https')
      throw failure(`unsupported protocol scheme "${scheme}"`, false);
    if (!URL.canParse(call.url)) throw failure('invalid URL', false);
    if (call.signal.aborted) throw failure('context canceled', true);

    const url = new URL(call.url);
    return new Promise((resolve, reject) => {
      const request = (scheme === 'https' ? httpsRequest : httpRequest)(url, {
        agent: scheme === 'https' ? this.https : this.http,
        method,
        signal: call.signal,
        headers: {
          Host: url.host,
          'User-Agent': 'Go-http-client/1.1',
          ...(body ? { 'Content-Length': body.length } : {}),
          ...call.headers,
          'Accept-Encoding': 'gzip',
        },
      });
      request.removeHeader('Connection');
      let isLate = false;
      const timer = setTimeout(
        () => {
          isLate = true;
          request.destroy();
        },
        Math.max(0, call.headersWithinMs),
      );
      request.on('response', (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        const isCancellation = isLate || call.signal.aborted;
        reject(failure(isCancellation ? 'context canceled' : goNetworkText(error, url.host), isCancellation));
      });
      request.end(body);
    });
  }
}

function withoutBody({ body: _, ...call }: GoCall): GoCall {
  return { ...call, method: 'GET' };
}

function verb(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

function wrap(answer: IncomingMessage): GoCallAnswer {
  const isZipped = answer.headers['content-encoding'] === 'gzip';
  return {
    status: answer.statusCode ?? 0,
    header: (name) => {
      const value = answer.headers[name.toLowerCase()];
      return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
    },
    body: isZipped ? answer.pipe(createGunzip()) : answer,
  };
}

function goNetworkText(error: Error, host: string): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return `dial tcp ${host}: connect: connection refused`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ECONNRESET') return 'EOF';
  return error.message;
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
