import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { closeNow, listenOn } from './go-http-server.js';
import { readAll } from './go-http-client.js';

/** One request as a worker received it, header names and values as they stood on the wire. */
export interface ReceivedRequest {
  method: string;
  url: string;
  rawHeaders: string[];
  headers: IncomingMessage['headers'];
  body: string;
}

export interface WorkerStub {
  url: string;
  port: number;
  received: ReceivedRequest[];
  stop(): Promise<void>;
}

export type WorkerAnswer = (request: ReceivedRequest, response: ServerResponse) => unknown;

/** A worker that remembers what it was sent and answers as a test says. */
export async function startWorkerStub(answer: WorkerAnswer = answerOk): Promise<WorkerStub> {
  const received: ReceivedRequest[] = [];
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void readAll(request).then(
      async (body) => {
        const seen: ReceivedRequest = {
          method: request.method ?? '',
          url: request.url ?? '',
          rawHeaders: request.rawHeaders,
          headers: request.headers,
          body: body.toString('utf8'),
        };
        received.push(seen);
        await answer(seen, response);
      },
      () => response.destroy(),
    );
  });
  const port = await listenOn(server, 0, '127.0.0.1');
  return { url: `http://127.0.0.1:${String(port)}`, port, received, stop: () => closeNow(server) };
}

function answerOk(_request: ReceivedRequest, response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/json');
  response.end('{"ok":true}');
}
