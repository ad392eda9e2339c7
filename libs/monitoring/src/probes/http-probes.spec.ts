import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json as readJson } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { parrot, refusingPort, TcpDouble } from '../../testing/hostile-servers.js';
import { askWithin } from './ask-within.js';
import { HttpProbe, type HttpSettings } from './http-probe.js';
import { Neo4jProbe, type Neo4jSettings } from './neo4j-probe.js';
import { OllamaProbe } from './ollama-probe.js';
import type { Probe } from './probe.js';
import { TcpProbe } from './tcp-probe.js';

/** Real HTTP servers of the test itself, which speak as Neo4j's and Ollama's documentation says that they do. */
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => unknown;
let requests: string[];
let double: TcpDouble | undefined;

beforeEach(async () => {
  requests = [];
  answer = (_request, response) => response.end('ok');
  server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await double?.stop();
  double = undefined;
});

const never = new AbortController().signal;
const ask = (probe: Probe, timeoutMs = 5_000) =>
  askWithin(probe, { startedAtMs: 0 }, { timeoutMs, secrets: ['a-password'], ended: never });

const passed = { kind: 'passed' };
const failed = (detail: string) => ({ kind: 'failed', detail });
const sendJson = (response: ServerResponse, body: unknown, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

describe('the probe of a page', () => {
  const page = (changes: Partial<HttpSettings> = {}) =>
    new HttpProbe({ type: 'http', url: `${url}/health`, status: [200], ...changes });

  it('passes by status, and asks with GET on a connection that it closes', async () => {
    expect(await ask(page())).toEqual(passed);
    expect(requests).toEqual(['GET /health']);
    await new Promise((resolve) => server.close(resolve));
  });

  it('fails by status, and follows no redirect', async () => {
    answer = (_request, response) => response.writeHead(302, { location: `${url}/elsewhere` }).end();
    expect(await ask(page())).toEqual(failed('status 302'));
    expect(requests).toHaveLength(1);
    expect(await ask(page({ status: [200, 302] }))).toEqual(passed);
  });

  it('reads what stands at a path of the answer', async () => {
    answer = (_request, response) => {
      sendJson(response, { status: 'ok', models: [{ name: 'a', ready: true }], none: null });
    };
    const json = (path: string, equals?: string | boolean | null) => ask(page({ json: { path, equals } }));
    expect(await json('status', 'ok')).toEqual(passed);
    expect(await json('models[0].ready', true)).toEqual(passed);
    expect(await json('none', null)).toEqual(passed);
    expect(await json('models[0].name')).toEqual(passed);
    expect(await json('status', 'fine')).toEqual(failed('status is not fine'));
    expect(await json('models[1].name')).toEqual(failed('models[1].name is not there'));
    expect(await json('none')).toEqual(failed('none is not there'));
    expect(await json('status.length')).toEqual(failed('status.length is not there'));
    expect(await json('constructor.name')).toEqual(failed('constructor.name is not there'));
  });

  it('fails on an answer that is not JSON where JSON is asked for', async () => {
    expect(await ask(page({ json: { path: 'status' } }))).toEqual(failed('answer is not JSON'));
  });

  it('does not read an endless answer to its end', async () => {
    const block = Buffer.alloc(64 * 1024);
    answer = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    };
    expect(await ask(page())).toEqual(failed('answer too long'));
    while (await connections()) await new Promise((resolve) => setImmediate(resolve));
  });

  it('times out on silence, on half a head and on half a body, and lets go', async () => {
    double = await TcpDouble.start();
    const address = () => `http://127.0.0.1:${double?.port ?? 0}/`;
    expect(await ask(page({ url: address() }), 100)).toEqual({ kind: 'timed out' });
    for (const half of ['HTTP/1.1 200 OK\r\ncontent-', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf']) {
      await double.stop();
      double = await parrot(half);
      expect(await ask(page({ url: address() }), 100)).toEqual({ kind: 'timed out' });
      while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('fails when nobody listens, and on what is not HTTP', async () => {
    const port = await refusingPort();
    expect(await ask(page({ url: `http://127.0.0.1:${port}/` }))).toEqual(failed('connection refused'));
    double = await parrot('+PONG\r\n');
    expect(await ask(page({ url: `http://127.0.0.1:${double.port}/` }))).toMatchObject({ kind: 'failed' });
  });
});

describe('the probe of a port', () => {
  it('passes when a connection is taken, and closes it', async () => {
    double = await TcpDouble.start();
    expect(await ask(new TcpProbe({ type: 'tcp', host: '127.0.0.1', port: double.port }))).toEqual(passed);
    while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('fails when it is refused, or there is no such host', async () => {
    const port = await refusingPort();
    expect(await ask(new TcpProbe({ type: 'tcp', host: '127.0.0.1', port }))).toEqual(
      failed('connection refused'),
    );
    expect(await ask(new TcpProbe({ type: 'tcp', host: 'nobody.invalid', port }))).toEqual(
      failed('host not found'),
    );
  });
});

describe('the probe of a Neo4j server', () => {
  const neo4j = (changes: Partial<Neo4jSettings> = {}) =>
    new Neo4jProbe({
      type: 'neo4j',
      url,
      api: 'transactional',
      database: 'neo4j',
      user: 'neo4j',
      password: 'a-password',
      ...changes,
    });
  const transactionSchema = z.object({
    statements: z.tuple([z.object({ statement: z.string(), parameters: z.object({ nonce: z.string() }) })]),
  });
  const row = (nonce: unknown) => ({ results: [{ data: [{ row: [nonce] }] }], errors: [] });

  it('passes when the nonce comes back by the transactional API', async () => {
    answer = async (request, response) => {
      const { authorization } = request.headers;
      expect(Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString()).toBe(
        'neo4j:a-password',
      );
      const { statements } = transactionSchema.parse(await readJson(request));
      expect(statements[0].statement).toBe('RETURN $nonce AS nonce');
      sendJson(response, row(statements[0].parameters.nonce));
    };
    expect(await ask(neo4j())).toEqual(passed);
    expect(requests).toEqual(['POST /db/neo4j/tx/commit']);
  });

  it('passes when the nonce comes back by the query API', async () => {
    answer = async (request, response) => {
      const asked = z.object({ parameters: z.object({ nonce: z.string() }) }).parse(await readJson(request));
      sendJson(response, { data: { fields: ['nonce'], values: [[asked.parameters.nonce]] } }, 202);
    };
    expect(await ask(neo4j({ api: 'query', database: 'graph' }))).toEqual(passed);
    expect(requests).toEqual(['POST /db/graph/query/v2']);
  });

  it('fails on another nonce, on an error of the server, and without the right password', async () => {
    answer = (_request, response) => {
      sendJson(response, row('1'));
    };
    expect(await ask(neo4j())).toEqual(failed('nonce not returned'));
    answer = (_request, response) => {
      sendJson(response, { results: [], errors: [{ code: 'Neo.ClientError.Statement.SyntaxError' }] });
    };
    expect(await ask(neo4j())).toEqual(failed('Neo.ClientError.Statement.SyntaxError'));
    answer = (_request, response) => {
      sendJson(response, { errors: [] }, 401);
    };
    expect(await ask(neo4j())).toEqual(failed('authentication failed'));
    answer = (_request, response) => response.end('{}');
    expect(await ask(neo4j())).toEqual(failed('answer not understood'));
  });
});

describe('the probe of an Ollama server', () => {
  const digest = 'ab'.repeat(32);
  const ollama = (wanted: { model?: string; digest?: string }) =>
    new OllamaProbe({ type: 'ollama', url, ...wanted });

  it('passes when the model is listed, by name or by digest', async () => {
    answer = (_request, response) => {
      sendJson(response, {
        models: [
          { name: 'llama3.2:3b', digest },
          { name: 'nomic:latest', digest: '' },
        ],
      });
    };
    expect(await ask(ollama({ model: 'llama3.2:3b' }))).toEqual(passed);
    expect(await ask(ollama({ model: 'nomic' }))).toEqual(passed);
    expect(await ask(ollama({ digest: `sha256:${digest}` }))).toEqual(passed);
    expect(requests[0]).toBe('GET /api/tags');
    expect(await ask(ollama({ model: 'llama3.2' }))).toEqual(failed('model not listed'));
    expect(await ask(ollama({ model: 'nomic', digest }))).toEqual(failed('model not listed'));
  });

  it('fails when nothing is listed', async () => {
    answer = (_request, response) => {
      sendJson(response, { models: null });
    };
    expect(await ask(ollama({ model: 'llama3.2:3b' }))).toEqual(failed('model not listed'));
  });
});

const connections = () =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
