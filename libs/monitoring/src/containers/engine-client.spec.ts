import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EngineClient } from './engine-client.js';

let directory: string;
let server: Server | undefined;
let client: EngineClient;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-'));
  client = new EngineClient({
    dockerHost: `unix://${join(directory, 'engine.sock')}`,
    requestTimeoutMs: 300,
  });
});

afterEach(async () => {
  client.close();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

async function serve(listener: RequestListener) {
  server = createServer(listener);
  server.listen(join(directory, 'engine.sock'));
  await once(server, 'listening');
}

const inspection = (changes: object = {}) => ({
  Id: 'c'.repeat(64),
  Name: '/redis',
  Config: { Image: 'redis:7', Env: ['PASSWORD=secret'] },
  State: {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    ExitCode: 0,
    StartedAt: '2026-11-22T12:00:00.123456789Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  },
  ...changes,
});

const answerWith = (status: number, body: unknown): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
};

describe('EngineClient', () => {
  it('keeps of an inspection only what is needed, never the environment', async () => {
    await serve(answerWith(200, inspection()));
    const finding = await client.inspect('redis');
    expect(finding).toEqual({
      kind: 'container',
      container: {
        id: 'c'.repeat(64),
        image: 'redis:7',
        status: 'running',
        paused: false,
        restarting: false,
        health: null,
        healthStaleMs: null,
        mismatch: null,
        startedAt: '2026-11-22T12:00:00.123456789Z',
        startedAtMs: Date.parse('2026-11-22T12:00:00.123Z'),
        finishedAtMs: null,
        exitCode: 0,
      },
    });
  });

  it('takes another name in the answer, and 404, as no such container', async () => {
    await serve(answerWith(200, inspection({ Name: '/redis_scb' })));
    expect(await client.inspect('redis')).toEqual({ kind: 'missing' });
    server
      ?.removeAllListeners('request')
      .on('request', answerWith(404, { message: 'No such container: redis' }));
    expect(await client.inspect('redis')).toEqual({ kind: 'missing' });
  });

  it.each([
    ['the Engine fails', 500, { message: 'oops' }, 'engine refused to answer'],
    ['a proxy forbids it', 403, {}, 'engine refused to answer'],
    ['a field is missing', 200, inspection({ State: { Status: 'running' } }), 'engine answer not understood'],
    ['it is no object', 200, [], 'engine answer not understood'],
    ['it is empty', 200, null, 'engine answer not understood'],
  ])('does not know when %s', async (_case, status, body, reason) => {
    await serve(answerWith(status, body));
    await expect(client.inspect('redis')).rejects.toMatchObject({ reason });
  });

  it('gives up on an Engine that does not answer, or not to the end', async () => {
    await serve((request, response) => {
      if (request.url?.includes('half')) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"Id":"');
      }
    });
    await expect(client.inspect('hung')).rejects.toMatchObject({ reason: 'inspection timed out' });
    await expect(client.inspect('half')).rejects.toMatchObject({ reason: 'inspection timed out' });
    await expect(client.id()).rejects.toMatchObject({ reason: 'inspection timed out' });
    await expect(client.openEvents()).rejects.toMatchObject({ reason: 'inspection timed out' });
  });

  it('says that an Engine is not there', async () => {
    await expect(client.inspect('redis')).rejects.toMatchObject({ reason: 'engine unreachable' });
  });

  it('asks again at once when the connection it reused had just been closed', async () => {
    let asked = 0;
    await serve((request, response) => {
      if (++asked === 1) request.socket.destroy();
      else answerWith(200, inspection())(request, response);
    });
    expect(await client.inspect('redis')).toMatchObject({ kind: 'container' });
    expect(asked).toBe(2);
  });
});
