import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { parrot, refusingPort, TcpDouble } from '../../testing/hostile-servers.js';
import { askWithin } from './ask-within.js';
import { keyPrefix, RedisProbe, type RedisSettings } from './redis-probe.js';

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version']);
    return true;
  } catch {
    return false;
  }
}

// A distribution package, as the Engine is: reported as skipped without it, unless CI says that it must be there.
const withRedis = process.env.REQUIRE_DOCKER === '1' || isInstalled() ? describe : describe.skip;

const password = 'password-of-redis';
const settings = (port: number): RedisSettings => ({
  type: 'redis',
  host: '127.0.0.1',
  port,
  password,
  database: 0,
  tls: false,
});

const never = new AbortController().signal;
const now = () => ({ startedAtMs: Date.now() });
const ask = (probe: RedisProbe, run: { startedAtMs: number | null } = now(), timeoutMs = 5_000) =>
  askWithin(probe, run, { timeoutMs, secrets: [password], ended: never });

withRedis('the probe of a Redis server', () => {
  let server: ChildProcess;
  let directory: string;
  let port: number;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'redis-'));
    port = await refusingPort();
    const options = ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', ''];
    server = spawn('redis-server', [...options, '--requirepass', password], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (!server.stdout) throw new Error('no output');
    for await (const line of createInterface(server.stdout)) {
      if (line.includes('Ready to accept connections')) break;
    }
  });

  afterAll(async () => {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
    await rm(directory, { recursive: true });
  });

  const clientOf = () => createClient({ socket: { host: '127.0.0.1', port }, password });

  it('passes, and leaves one key that ends by itself and no connection', async () => {
    const probe = new RedisProbe(settings(port));
    const run = now();
    expect(await ask(probe, run)).toEqual({ kind: 'passed' });
    expect(await ask(probe, run)).toEqual({ kind: 'passed' });
    const client = clientOf();
    await client.connect();
    try {
      const keys = await client.keys('*');
      expect(keys).toEqual([expect.stringMatching(`^${keyPrefix}`)]);
      expect(await client.ttl(keys[0] ?? '')).toBeGreaterThan(0);
      for (;;) {
        if ((await client.info('clients')).includes('connected_clients:1\r\n')) break;
      }
    } finally {
      client.destroy();
    }
  });

  it('fails when the server is older than the container that it should run in', async () => {
    expect(await ask(new RedisProbe(settings(port)), { startedAtMs: Date.now() + 60_000 })).toEqual({
      kind: 'failed',
      detail: 'started before its container',
    });
  });

  it('fails when the container was restarted and the server was not', async () => {
    const probe = new RedisProbe(settings(port));
    const startedAtMs = Date.now();
    expect(await ask(probe, { startedAtMs })).toEqual({ kind: 'passed' });
    expect(await ask(probe, { startedAtMs: startedAtMs + 1 })).toEqual({
      kind: 'failed',
      detail: 'did not restart with its container',
    });
  });

  it('says that a password is wrong, and not which', async () => {
    const outcome = await ask(new RedisProbe({ ...settings(port), password: 'wrong-password' }));
    expect(outcome).toEqual({ kind: 'failed', detail: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(outcome)).not.toContain('wrong-password');
  });

  it('compares nothing where an access list forbids INFO', async () => {
    const client = clientOf();
    await client.connect();
    const rules = ['on', '>a-limited-one', `~${keyPrefix}*`, '+ping', '+set', '+get'];
    await client.sendCommand(['ACL', 'SETUSER', 'limited', ...rules]);
    client.destroy();
    const probe = new RedisProbe({ ...settings(port), user: 'limited', password: 'a-limited-one' });
    expect(await ask(probe, { startedAtMs: Date.now() + 60_000 })).toEqual({ kind: 'passed' });
  });
});

describe('the probe of something that is no Redis server', () => {
  let double: TcpDouble | undefined;

  afterEach(async () => {
    await double?.stop();
    double = undefined;
  });

  it('is not deceived by one that answers +PONG to everything', async () => {
    double = await parrot('+PONG\r\n');
    const outcome = await ask(new RedisProbe({ ...settings(double.port), password: undefined }));
    expect(outcome).toEqual({ kind: 'failed', detail: 'nonce not returned' });
  });

  it('times out, and lets go, when nothing is said or only half', async () => {
    double = await TcpDouble.start();
    expect(await ask(new RedisProbe(settings(double.port)), now(), 100)).toEqual({ kind: 'timed out' });
    await double.stop();
    double = await parrot('$100\r\nhalf');
    expect(await ask(new RedisProbe(settings(double.port)), now(), 100)).toEqual({ kind: 'timed out' });
    while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not read an endless answer to its end', async () => {
    double = await parrot(`$999999\r\n${'x'.repeat(100_000)}`);
    const outcome = await ask(new RedisProbe(settings(double.port)));
    expect(outcome).toEqual({ kind: 'failed', detail: 'answer too long' });
    while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('fails when what is said is not understood, or the connection is refused', async () => {
    double = await parrot('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await ask(new RedisProbe(settings(double.port)), now(), 1_000)).toEqual({
      kind: 'failed',
      detail: 'answer not understood',
    });
    const port = await refusingPort();
    expect(await ask(new RedisProbe(settings(port)))).toEqual({
      kind: 'failed',
      detail: 'connection refused',
    });
  });
});
