import { afterEach, describe, expect, it } from '@jest/globals';

import { DoubleRig, goodJob, register, submit, until } from './double-rig.js';
import type { Loop } from './double-rig.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';
const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('outcomes of the gateway double at %s', (profile) => {
  const loop = (answer?: WorkerAnswer, secondMs = 1_000): Promise<Loop> =>
    rig.loop({ profile, answer, secondMs });
  const status =
    (code: number, body = ''): WorkerAnswer =>
    (_request, response) => {
      response.statusCode = code;
      response.end(body);
    };
  it('10: tries orchestrators one by one, in the order in which their tokens arrived', async () => {
    const first = await loop(status(500));
    const second = await loop();
    const gateway = await rig.gateway({
      orchestrators: [second.orchestrator.url, first.orchestrator.url],
      profile,
    });
    second.orchestrator.faults.tokenDelayMs = 200;
    const answer = await submit(gateway);
    expect(answer).toMatchObject({
      status: 200,
      text: '{"ok":true}',
      headers: { 'x-orchestrator-url': second.orchestrator.url },
    });
    expect([first.worker.received.length, second.worker.received.length]).toEqual([1, 1]);

    first.orchestrator.faults.tokenDelayMs = 400;
    await submit(gateway);
    expect([first.worker.received.length, second.worker.received.length]).toEqual([1, 2]);
  });

  it('11: writes its own sender and signature over those of the client', async () => {
    const { gateway } = await loop();
    const answer = await submit(gateway, {
      ...goodJob,
      sender: '0x00',
      sig: 'mine',
      capability_url: 'http://x',
    });
    expect(answer).toMatchObject({ status: 200, text: '{"ok":true}' });
  });

  it('15: an empty rest is a 405 at pr-3650, and the bare registered URL at master', async () => {
    const { gateway, worker } = await loop();
    const answer = await submit(gateway, goodJob, { path: '' });
    if (profile === 'pr-3650') {
      expect(answer).toMatchObject({ status: 405, text: 'Method not allowed\n\n' });
      expect(worker.received).toHaveLength(0);
    } else {
      expect(answer.status).toBe(200);
      expect(worker.received[0]).toMatchObject({ method: 'POST', url: '/' });
    }
  });

  it.each([200, 201, 299])(
    '17: a success is always 200, labelled as text, also when the worker said %d',
    async (code) => {
      const { gateway, orchestrator } = await loop((_request, response) => {
        response.writeHead(code, {
          'Content-Type': 'application/json',
          'X-Other': 'lost',
          'X-Metadata': '{}',
        });
        response.end('{"ok":1}');
      });
      const answer = await submit(gateway);
      expect(answer).toMatchObject({ status: 200, text: '{"ok":1}' });
      const { date: _date, connection: _connection, ...headers } = answer.headers;
      expect(headers).toEqual({
        'livepeer-balance': '0',
        'x-metadata': '{}',
        'x-orchestrator-url': orchestrator.url,
        'content-length': '8',
        'content-type': 'text/plain; charset=utf-8',
      });
    },
  );

  it('17: an empty success keeps its three headers, a long one comes in chunks', async () => {
    const { gateway } = await loop((request, response) =>
      response.end(request.body === '{}' ? '' : 'x'.repeat(3_000)),
    );
    const empty = await submit(gateway, goodJob, { body: '{}' });
    expect(empty.headers).toMatchObject({ 'content-length': '0', 'livepeer-balance': '0' });
    const long = await submit(gateway);
    expect(long.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(long.text).toHaveLength(3_000);
  });

  it.each([400, 403, 404, 409, 429])(
    '18: hands a worker’s %d on, with two newlines and no header of its own',
    async (code) => {
      const { gateway } = await loop(status(code, '{"error":"bad"}'));
      const answer = await submit(gateway);
      expect(answer).toMatchObject({ status: code, text: '{"error":"bad"}\n\n' });
      expect(Object.keys(answer.headers)).not.toContain('livepeer-balance');
      expect(Object.keys(answer.headers)).not.toContain('x-metadata');
      expect(Object.keys(answer.headers)).not.toContain('x-orchestrator-url');
    },
  );

  it('18: stops at a 4xx instead of asking the next orchestrator', async () => {
    const first = await loop(status(400));
    const second = await loop();
    const gateway = await rig.gateway({
      orchestrators: [first.orchestrator.url, second.orchestrator.url],
      profile,
    });
    second.orchestrator.faults.tokenDelayMs = 200;
    expect((await submit(gateway)).status).toBe(400);
    expect(second.worker.received).toHaveLength(0);
  });

  it.each([
    ['says 500', status(500, 'broken')],
    ['says 503', status(503)],
    ['closes the connection', ((_request, response) => response.destroy()) satisfies WorkerAnswer],
    ['never answers', (() => undefined) satisfies WorkerAnswer],
  ])('19: a worker that %s becomes an empty 200 that names nobody', async (_what, answer) => {
    const { gateway } = await loop(answer, 50);
    const { status: code, text, headers } = await submit(gateway, { ...goodJob, timeout_seconds: 1 });
    expect({ code, text }).toEqual({ code: 200, text: '' });
    const { date: _date, connection: _connection, ...rest } = headers;
    expect(rest).toEqual({ 'content-length': '0' });
  });

  it('20: waits five seconds longer than the job for an orchestrator, then gives up', async () => {
    const { gateway, orchestrator } = await loop(undefined, 20);
    orchestrator.faults.hangsJobs = true;
    const { status: code, text } = await submit(gateway, { ...goodJob, timeout_seconds: 1 });
    expect({ code, text }).toEqual({ code: 200, text: '' });
  });

  it('20: the timeout ends with the worker’s headers, and no body is too large', async () => {
    const size = 3_000_000;
    const { gateway } = await loop((_request, response) => {
      response.writeHead(200).flushHeaders();
      // After the job's timeout, before the gateway's: the orchestrator sends no header before it has the whole body.
      setTimeout(() => response.end('x'.repeat(size)), 500);
    }, 250);
    const answer = await submit(gateway, { ...goodJob, timeout_seconds: 1 });
    expect(answer.text).toHaveLength(size);
  });

  it('37: asks the pool URL for a token and posts the job to the address that the token names', async () => {
    const other = await loop();
    const pool = await rig.orchestrator({ profile, serviceAddress: other.orchestrator.url });
    await register(pool, { url: 'http://127.0.0.1:1' });
    const gateway = await rig.gateway({ orchestrators: [pool.url], profile });
    const answer = await submit(gateway, {
      ...goodJob,
      parameters: JSON.stringify({ orchestrators: { include: [pool.url] } }),
    });
    expect(answer).toMatchObject({
      text: '{"ok":true}',
      headers: { 'x-orchestrator-url': other.orchestrator.url },
    });
    expect(other.worker.received).toHaveLength(1);
  });

  it('37: an address that nobody can route to gives tokens that work and jobs that do not', async () => {
    const orchestrator = await rig.orchestrator({ profile, serviceAddress: 'https://127.0.0.1:1' });
    await register(orchestrator, { url: 'http://127.0.0.1:1' });
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile });
    expect(await submit(gateway)).toMatchObject({ status: 200, text: '' });
  });

  it('a client that leaves ends the call to the worker', async () => {
    let isCutOff = false;
    const { gateway, worker } = await loop((_request, response) => {
      response.on('close', () => (isCutOff = true));
    });
    const leaving = new AbortController();
    const answer = submit(gateway, goodJob, { signal: leaving.signal });
    await until(() => worker.received.length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => isCutOff);
  });
});
