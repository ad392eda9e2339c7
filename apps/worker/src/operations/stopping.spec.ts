import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { describe, expect, it } from '@jest/globals';

import { send, startWorker } from '../testing/running-worker.js';

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
});
