import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { z } from 'zod';

import { delay } from '#platform';

const questionSchema = z.object({
  id: z.unknown(),
  method: z.string(),
  params: z.array(z.unknown()).default([]),
});
export type RpcQuestion = z.output<typeof questionSchema>;

/** What becomes of one question on its way to the node. */
export type RpcFate =
  | 'forward'
  /** The node never sees it; the connection is cut. */
  | 'cut-before'
  /** The node does it, and nobody hears of it. */
  | 'cut-after'
  /** As 'cut-before' or 'cut-after', and `then` is called at that moment. */
  | { cut: 'before' | 'after'; then: () => void }
  | { delayMs: number }
  /** Waits in the network until then, and arrives. */
  | { until: Promise<unknown> }
  | { httpStatus: number }
  | { result: unknown }
  | { error: { code: number; message: string } };

export interface RpcProxy {
  url: string;
  /** Decides from now on. */
  decide(fate: (question: RpcQuestion) => RpcFate): void;
  /** Every question so far, in order. */
  questions: RpcQuestion[];
  stop(): Promise<void>;
}

async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(z.instanceof(Buffer).parse(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** A node that lies, forgets and hangs up, in front of one that does not. */
export async function startRpcProxy(target: string): Promise<RpcProxy> {
  let decide: (question: RpcQuestion) => RpcFate = () => 'forward';
  const questions: RpcQuestion[] = [];

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(incoming);
    const question = questionSchema.parse(JSON.parse(body));
    questions.push(question);
    const fate = decide(question);
    const reply = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
    const ask = async () => {
      const forwarded = await request(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return { status: forwarded.statusCode, text: await forwarded.body.text() };
    };
    const pass = async () => {
      const { status, text } = await ask();
      reply(status, text);
    };
    if (fate === 'cut-before') {
      incoming.socket.destroy();
    } else if (fate === 'cut-after') {
      await ask();
      incoming.socket.destroy();
    } else if (fate === 'forward') {
      await pass();
    } else if ('cut' in fate) {
      if (fate.cut === 'after') await ask();
      fate.then();
      incoming.socket.destroy();
    } else if ('delayMs' in fate) {
      await delay(fate.delayMs);
      await pass();
    } else if ('until' in fate) {
      await fate.until;
      await pass();
    } else if ('httpStatus' in fate) {
      reply(fate.httpStatus, 'later');
    } else {
      reply(200, JSON.stringify({ jsonrpc: '2.0', id: question.id, ...fate }));
    }
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = z.custom<AddressInfo>((address) => typeof address === 'object').parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    questions,
    decide: (fate) => {
      decide = fate;
    },
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}
