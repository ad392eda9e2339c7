import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readOpenApi } from '#platform/testing';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';

import { type RunningWorker, send, startWatchedWorker, until } from './testing/running-worker.js';

const secrets = {
  WORKER_PRIVATE_KEY: randomBytes(32).toString('hex'),
  ORCH_SECRET: `orchestrator-${randomBytes(12).toString('hex')}`,
  CAPABILITY_TOKEN: `capability-${randomBytes(12).toString('hex')}`,
};

/** An orchestrator that refuses, and says again all that it was told. */
async function startEcho(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.writeHead(403, { 'content-type': 'text/plain' });
      response.end(`refused: ${request.url ?? ''} ${JSON.stringify(request.headers)} ${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

describe('what the worker lets out', () => {
  let echo: Awaited<ReturnType<typeof startEcho>>;
  let worker: RunningWorker;

  beforeAll(async () => {
    echo = await startEcho();
    ({ worker } = await startWatchedWorker({
      ...{ ...secrets, ORCH_URL: echo.url, CAPABILITY_URL: 'http://livepeer-worker:9876' },
    }));
  });

  afterAll(async () => {
    await worker.stop();
    await new Promise((resolve) => echo.server.close(resolve));
  });

  it('holds no secret: no page, metric, answer or error of any route, whatever the orchestrator says', async () => {
    await until(
      () => send(`${worker.url}/service-status`),
      ({ text: answer }) => answer.includes('refused: /capability/register'),
    );
    const { operations } = readOpenApi((await send(`${worker.url}/docs-json`)).json);
    const out: string[] = [];
    for (const { method, path } of operations.filter((one) => one.path !== '/events')) {
      if (method !== 'GET' && method !== 'POST') throw new Error(`${method} ${path}`);
      for (const headers of [{}, { authorization: `Bearer ${secrets.CAPABILITY_TOKEN}x` }]) {
        const answer = await send(`${worker.url}${path}`, {
          method,
          headers,
          ...(method === 'POST' && { body: '{' }),
        });
        out.push(`${method} ${path} ${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`);
      }
    }
    expect(out.length).toBeGreaterThan(20);
    for (const secret of Object.values(secrets)) {
      expect(out.filter((one) => one.includes(secret)).map((one) => one.slice(0, 600))).toEqual([]);
    }
  });
});
