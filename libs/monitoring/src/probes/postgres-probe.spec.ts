import { afterEach, describe, expect, it } from '@jest/globals';

import { parrot, refusingPort, TcpDouble } from '../../testing/hostile-servers.js';
import { askWithin } from './ask-within.js';
import { PostgresProbe, type PostgresSettings } from './postgres-probe.js';

/** The PostgreSQL of the test run. */
const url = new URL(process.env.TEST_POSTGRES_URL ?? 'postgresql://absent');

const settings: PostgresSettings = {
  type: 'postgres',
  host: url.hostname,
  port: Number(url.port),
  database: decodeURIComponent(url.pathname.slice(1)),
  user: decodeURIComponent(url.username),
  password: decodeURIComponent(url.password),
  tls: false,
};

const never = new AbortController().signal;
/** Long before the server of the test run was started. */
const longAgo = { startedAtMs: Date.now() - 86_400_000 };

const ask = (changes: Partial<PostgresSettings> = {}, run = longAgo, timeoutMs = 5_000) =>
  askWithin(new PostgresProbe({ ...settings, ...changes }), run, {
    timeoutMs,
    secrets: ['a-wrong-password'],
    ended: never,
  });

describe('the probe of a PostgreSQL server', () => {
  let double: TcpDouble | undefined;

  afterEach(async () => {
    await double?.stop();
    double = undefined;
  });

  it('passes when the server computes', async () => {
    expect(await ask()).toEqual({ kind: 'passed' });
  });

  it('fails when the server was started before the container that it should run in', async () => {
    const run = { startedAtMs: Date.now() + 60_000 };
    expect(await ask({}, run)).toEqual({ kind: 'failed', detail: 'started before its container' });
  });

  it('says that a database does not exist', async () => {
    const outcome = await ask({ database: 'nobody_made_me' });
    expect(outcome).toEqual({ kind: 'failed', detail: 'database "nobody_made_me" does not exist' });
  });

  it('fails when the connection is refused, or ends in the middle of it', async () => {
    const port = await refusingPort();
    expect(await ask({ port })).toEqual({ kind: 'failed', detail: 'connection refused' });
    double = await TcpDouble.start((socket) => {
      socket.on('data', () => socket.end('R\0\0'));
    });
    expect(await ask({ port: double.port })).toMatchObject({ kind: 'failed' });
  });

  it('times out, and lets go, when nothing is said or only half', async () => {
    double = await TcpDouble.start();
    expect(await ask({ port: double.port }, longAgo, 100)).toEqual({ kind: 'timed out' });
    while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
    await double.stop();
    double = await parrot('R\0\0\0\x08\0');
    expect(await ask({ port: double.port }, longAgo, 100)).toEqual({ kind: 'timed out' });
    while (double.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not repeat a password that a server throws back', async () => {
    const fault = Buffer.from('SFATAL\0C28000\0Myour a-wrong-password is bad\0\0');
    const head = Buffer.alloc(5);
    head.write('E');
    head.writeInt32BE(fault.length + 4, 1);
    double = await TcpDouble.start((socket) => {
      socket.on('data', () => socket.write(Buffer.concat([head, fault])));
    });
    const outcome = await ask({ port: double.port, password: 'a-wrong-password' });
    expect(outcome).toEqual({ kind: 'failed', detail: 'your [redacted] is bad' });
  });
});
