import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';

import { decodedPath, goAnswer, goMuxRedirect, goRedirect } from './go-http-answer.js';

/** Go reads headers up to about 1 MiB; Node's own limit is 16 KiB. */
export const goServerOptions = { maxHeaderSize: 1_048_576, keepAliveTimeout: 600_000, requestTimeout: 0 };

export interface GoExchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Decoded; the query is not part of it. */
  path: string;
  /** Aborts when the client leaves before its answer is complete. */
  signal: AbortSignal;
}

export type GoHandler = (exchange: GoExchange) => Promise<void> | void;

/** A `ServeMux` in front of a handler: redirects to clean paths first. A handler that throws drops its connection. */
export function goListener(
  subtrees: readonly string[],
  handler: GoHandler,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const leaving = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) leaving.abort();
    });
    const path = decodedPath(request);
    if (path === undefined) {
      goAnswer(response, 400, { 'Content-Type': 'text/plain; charset=utf-8' }, '400 Bad Request');
      return;
    }
    const target = goMuxRedirect(path, subtrees);
    if (target !== undefined) {
      goRedirect(request, response, target);
      return;
    }
    Promise.resolve()
      .then(() => handler({ request, response, path, signal: leaving.signal }))
      .catch(() => request.socket.destroy());
  };
}

export async function listenOn(server: Server | TlsServer, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the double has no TCP port');
  return address.port;
}

/** Ends at once: what is under way is cut off, as when the process dies. */
export async function closeNow(server: Server | TlsServer): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
