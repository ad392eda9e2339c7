import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { describe, expect, it } from '@jest/globals';

import { send, startWatchedWorker, startWorker } from '../testing/running-worker.js';

async function open(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

describe('a worker that is told to stop', () => {
  it.each([
    ['says nothing', ''],
    ['stops within its headers', 'GET /service-up'],
    ['stops within the body of a job', 'POST /agent-net HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{'],
    ['stops within another body', 'POST /service-uptime HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{'],
    ['reads no event', 'GET /events HTTP/1.1\r\nhost: a\r\n\r\n'],
  ])('does not wait for a client that %s', async (_case, sent) => {
    const worker = await startWorker({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const socket = await open(worker.url, sent);
    socket.resume().on('error', () => undefined);
    const closed = once(socket, 'close');
    // What was sent before is read before.
    await send(`${worker.url}/health/live`);
    await worker.stop();
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('looks at every service once more after the last job', async () => {
    const { engine, worker } = await startWatchedWorker();
    const job = '{}';
    const head = `POST /agent-net HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${job.length}\r\n\r\n`;
    const socket = await open(worker.url, head);
    const answered = new Promise<string>((resolve) =>
      socket.once('data', (text) => {
        resolve(String(text));
      }),
    );
    const watcher = await open(worker.url, 'GET /events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    const letGo = once(watcher.resume(), 'end');
    // What was sent before is read before.
    await send(`${worker.url}/health/live`);
    const stopping = worker.stop();
    await letGo;
    await send(`${worker.url}/health/live`);
    socket.write(job);
    expect(await answered).toContain('HTTP/1.1 200');
    const before = engine.requests.length;
    await stopping;
    const asked = engine.requests.slice(before).filter((request) => request.startsWith('GET /containers/'));
    expect(new Set(asked)).toEqual(
      new Set(
        ['redis_scb', 'autogen_agent', 'nobody_started_me'].map((name) => `GET /containers/${name}/json`),
      ),
    );
    socket.destroy();
  });
});
