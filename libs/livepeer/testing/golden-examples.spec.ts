import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:https';
import { generate } from 'selfsigned';

import { DoubleRig, register, toHeader } from './double-rig.js';
import { readAll } from './go-http-client.js';
import { closeNow, listenOn } from './go-http-server.js';
import { rawExchange } from './plain-http.js';
import type { Profile } from './profile.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

const h1 =
  'eyJpZCI6ImpvYi0wMDAxIiwicmVxdWVzdCI6IntcInJ1blwiOlwiYWdlbnQtbmV0XCJ9IiwicGFyYW1ldGVycyI6Int9IiwiY2FwYWJpbGl0eSI6ImFnZW50LW5ldCIsInRpbWVvdXRfc2Vjb25kcyI6MzB9';
const h4 =
  'eyJyZXF1ZXN0IjogIntcInJ1blwiOiBcImFnZW50LW5ldFwifSIsICJwYXJhbWV0ZXJzIjogInt9IiwgImNhcGFiaWxpdHkiOiAiYWdlbnQtbmV0IiwgInRpbWVvdXRfc2Vjb25kcyI6IDEwfQ==';
const h5 =
  'eyJyZXF1ZXN0IjogIntcInJ1blwiOlwiZWNob1wifSIsICJjYXBhYmlsaXR5IjogInRleHQtcmV2ZXJzYWwiLCAidGltZW91dF9zZWNvbmRzIjogMzB9';

const post = (header: string, body: string): string =>
  [
    'POST /process/request/agent-net HTTP/1.1',
    'Host: localhost:8935',
    'Content-Type: application/json',
    `Livepeer: ${header}`,
    `Content-Length: ${String(body.length)}`,
    '',
    body,
  ].join('\r\n');

const lines = (...parts: string[]): string => parts.join('\r\n');

describe('the golden examples of section 6.4, byte for byte', () => {
  it.each([h1, h4])('success: JSON labelled as text, behind the three headers', async (header) => {
    const worker = await rig.worker();
    const orchestrator = await rig.orchestrator();
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url] });
    await register(orchestrator, { url: worker.url });

    expect(await rawExchange(gateway.port, post(header, '{"x":1}'))).toBe(
      lines(
        'HTTP/1.1 200 OK',
        'Livepeer-Balance: 0',
        'X-Metadata: ',
        `X-Orchestrator-Url: ${orchestrator.url}`,
        'Content-Length: 11',
        'Content-Type: text/plain; charset=utf-8',
        '',
        '{"ok":true}',
      ),
    );
  });

  it('what the worker receives: no Livepeer header, no job id, Go as its agent', async () => {
    const worker = await rig.worker();
    const orchestrator = await rig.orchestrator();
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url] });
    await register(orchestrator, { url: worker.url });
    await rawExchange(gateway.port, post(h1, '{"x":1}'));

    const [request] = worker.received;
    expect(`${request!.method} ${request!.url}`).toBe('POST /agent-net');
    expect(request!.rawHeaders).toEqual([
      ...['Host', `127.0.0.1:${String(worker.port)}`],
      ...['User-Agent', 'Go-http-client/1.1'],
      ...['Content-Length', '7'],
      ...['Content-Type', 'application/json'],
      ...['Accept-Encoding', 'gzip'],
    ]);
    expect(request!.body).toBe('{"x":1}');
  });

  it('false success: an empty 200 when the worker fails', async () => {
    const worker = await rig.worker((_request, response) => {
      response.statusCode = 500;
      response.end('{"error":"bad"}');
    });
    const orchestrator = await rig.orchestrator();
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url] });
    await register(orchestrator, { url: worker.url });

    expect(await rawExchange(gateway.port, post(h1, '{}'))).toBe(
      lines('HTTP/1.1 200 OK', 'Content-Length: 0', '', ''),
    );
  });

  it.each<[Profile, string]>([
    ['pr-3650', '503 Service Unavailable'],
    ['master', '400 Bad Request'],
  ])('unregistered at %s: %s', async (profile, status) => {
    const orchestrator = await rig.orchestrator({ profile });
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile });

    expect(await rawExchange(gateway.port, post(h1, '{}'))).toBe(
      lines(
        `HTTP/1.1 ${status}`,
        'Content-Type: text/plain; charset=utf-8',
        'X-Content-Type-Options: nosniff',
        'Content-Length: 48',
        '',
        'No orchestrators found for capability agent-net\n',
      ).replace('Content-Length: 48', 'Content-Length: 48'),
    );
  });

  it('the worker said 400: a newline from each hop', async () => {
    const worker = await rig.worker((_request, response) => {
      response.statusCode = 400;
      response.end('{"error":"bad"}');
    });
    const orchestrator = await rig.orchestrator();
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url] });
    await register(orchestrator, { url: worker.url });

    expect(await rawExchange(gateway.port, post(h1, '{}'))).toBe(
      lines(
        'HTTP/1.1 400 Bad Request',
        'Content-Type: text/plain; charset=utf-8',
        'X-Content-Type-Options: nosniff',
        'Content-Length: 17',
        '',
        '{"error":"bad"}\n\n',
      ),
    );
  });

  it('H5, the example of the project itself, is refused for its missing parameters', async () => {
    const gateway = await rig.gateway({ orchestrators: ['127.0.0.1:1'] });
    const answer = await rawExchange(gateway.port, post(h5, '{}'));
    expect(answer).toContain('HTTP/1.1 400 Bad Request');
    expect(answer).toContain('\r\n\r\nUnable to unmarshal job parameters err=unexpected end of JSON input\n');
  });
});

describe('what the gateway sends on (section 6.1)', () => {
  const signed =
    '{"id":"job-0001","request":"{\\"run\\":\\"agent-net\\"}","parameters":"{}","capability":"agent-net","capability_url":"","sender":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","sig":"0x36f88103ce9271a765f952266311c0926ca9b03ec0bf521b0d95af8c1efd29ca7c6c43f78d5add5075e2b28a277ffff2871079e6cbcbd09dcec43d1b0a5b1ac01b","timeout_seconds":30}';
  const withLimits = signed.replace(
    /}$/,
    ',"OrchSearchTimeout":1000000000,"OrchSearchRespTimeout":500000000}',
  );

  it.each<[Profile, string]>([
    ['pr-3650', signed],
    ['master', withLimits],
  ])('at %s is H1 with its sender and signature, key for key', async (profile, expected) => {
    const orchestrator = await startRecorder();
    const gateway = await rig.gateway({
      orchestrators: [orchestrator.url],
      profile,
      privateKey: `0x${'11'.repeat(32)}`,
    });
    await rawExchange(gateway.port, post(h1, '{}'));

    expect(Buffer.from(orchestrator.headers.livepeer ?? '', 'base64').toString('utf8')).toBe(expected);
    expect(orchestrator.headers['livepeer-eth-address']).toBe(
      toHeader(
        '{"addr":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","sig":"0xc72ccad1173c225d8b9821b2276345c0c50fed7e62fed0a0570cd1f2e24a5e5f0de5a214a0360937d9ea58c8ebf6d92217ab038fb41d96e3bcc6b486cce020b81c"}',
      ),
    );
  });

  /** An orchestrator that grants every token and remembers the job's headers. */
  async function startRecorder(): Promise<{ url: string; headers: Record<string, string> }> {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
    const headers: Record<string, string> = {};
    let url = '';
    const server = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
      for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
      void readAll(request).then(() => {
        response.end(JSON.stringify({ service_addr: url, available_capacity: 1 }));
      });
    });
    url = `https://127.0.0.1:${String(await listenOn(server, 0, '127.0.0.1'))}`;
    rig.kept({ stop: () => closeNow(server) });
    return { url, headers };
  }
});
