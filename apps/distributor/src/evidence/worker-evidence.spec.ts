import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EvidenceRequest } from '#payments';
import { createServer, type RequestListener, type Server } from 'node:http';
import { AddressGuard } from './address-guard.js';
import { WorkerEvidence } from './worker-evidence.js';

const fromMs = BigInt(Date.parse('2026-11-22T12:00:00.000Z'));
const toMs = BigInt(Date.parse('2026-11-22T12:01:00.000Z'));
const challenge = `0x${'ab'.repeat(32)}` as const;

describe('evidence from the worker itself', () => {
  let server: Server;
  let evidence: WorkerEvidence;
  let answer: RequestListener;

  beforeEach(async () => {
    server = createServer((request, response) => {
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    evidence = new WorkerEvidence({
      timeoutMs: 400,
      maxBytes: 10_000,
      guard: new AddressGuard({ allowLoopback: true }),
    });
  });

  afterEach(async () => {
    await evidence.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function url(): string {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  const request = (
    workerUrl: string | null = url(),
    signal = new AbortController().signal,
  ): EvidenceRequest => ({
    orchestrator: { id: 'a', serviceUri: 'https://a:9995', workerUrl },
    fromMs,
    toMs,
    challenge,
    signal,
  });

  it('asks for exactly the period, with the challenge, and hands on what it got', async () => {
    let asked: string | undefined;
    answer = ({ url: path }, response) => {
      asked = path;
      response.setHeader('content-type', 'application/json').end('{"report":{"version":1},"signature":"0x"}');
    };
    const outcome = await evidence.fetch(request(`${url()}/`));
    expect(new URL(asked ?? '', 'http://x').pathname).toBe('/reports');
    expect(Object.fromEntries(new URL(asked ?? '', 'http://x').searchParams)).toEqual({
      from: '2026-11-22T12:00:00.000Z',
      to: '2026-11-22T12:01:00.000Z',
      challenge,
    });
    expect(outcome).toMatchObject({ kind: 'report', signed: { report: { version: 1 }, signature: '0x' } });
  });

  it('understands that the worker has not seen the end of the period yet', async () => {
    answer = (_request, response) => {
      response.statusCode = 409;
      response.end(JSON.stringify({ title: 'Conflict', watermark: '2026-11-22T12:00:57.500Z' }));
    };
    expect(await evidence.fetch(request())).toMatchObject({ kind: 'not-yet', retryAfterMs: 2_600 });
  });

  it.each([
    ['another 409', 409, '{"detail":"No."}', /answered 409: No\./],
    ['a failing worker', 500, 'oops', /answered 500/],
    ['a redirect, which it does not follow', 302, '', /answered 302/],
    ['something that is not JSON', 200, '<html>', /not JSON/],
    ['an empty answer', 200, '', /not JSON/],
    ['more bytes than a report has', 200, `"${'x'.repeat(20_000)}"`, /too many bytes/],
  ])('fails with the reason at %s', async (_case, status, body, detail) => {
    answer = (_request, response) => {
      response.writeHead(status, { location: '/reports' }).end(body);
    };
    expect(await evidence.fetch(request())).toEqual({
      kind: 'failed',
      detail: expect.stringMatching(detail),
    });
  });

  it('gives up on a worker that keeps silent', async () => {
    answer = () => undefined;
    expect(await evidence.fetch(request())).toEqual({
      kind: 'failed',
      detail: `The worker at ${url()} did not answer within 0.4 s.`,
    });
  });

  it('stops asking when the caller does', async () => {
    const controller = new AbortController();
    answer = () => {
      controller.abort();
    };
    expect(await evidence.fetch(request(url(), controller.signal))).toMatchObject({ kind: 'failed' });
  });

  it('says so when nothing listens', async () => {
    const dead = url();
    await new Promise((resolve) => server.close(resolve));
    expect(await evidence.fetch(request(dead))).toEqual({
      kind: 'failed',
      detail: `The worker at ${dead} refused the connection.`,
    });
  });

  it.each([null, 'file:///etc/passwd', 'gopher://host/', 'not a url', 'javascript:alert(1)'])(
    'asks nothing of the worker URL %s',
    async (workerUrl) => {
      expect(await evidence.fetch(request(workerUrl))).toMatchObject({ kind: 'failed' });
    },
  );

  it('keeps its connections: five questions need two at most', async () => {
    const ports = new Set<number | undefined>();
    answer = ({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end('{}');
    };
    for (let turn = 0; turn < 5; turn += 1) await evidence.fetch(request());
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});
