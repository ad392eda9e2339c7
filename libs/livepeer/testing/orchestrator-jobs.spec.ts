import { afterEach, describe, expect, it } from '@jest/globals';

import {
  DoubleRig,
  fetchToken,
  goodJob,
  loadOf,
  processDirectly,
  register,
  submit,
  toHeader,
} from './double-rig.js';
import type { Loop } from './double-rig.js';
import { accountSender } from './gateway-sender.js';
import type { OrchestratorDouble } from './orchestrator-double.js';
import { plainHttp } from './plain-http.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';
const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('jobs of the orchestrator double at %s', (profile) => {
  const loop = (
    answer?: WorkerAnswer,
    options: { secondMs?: number; offer?: Record<string, unknown> } = {},
  ): Promise<Loop> => rig.loop({ profile, answer, ...options });
  const start = (): Promise<OrchestratorDouble> => rig.orchestrator({ profile });

  describe('12: signatures', () => {
    it('cover request and parameters of a job, and nothing else', async () => {
      const { orchestrator, worker } = await loop();
      const account = accountSender();
      const signed = { ...goodJob, sender: account.address, sig: account.signJob('{}', '{}') };
      expect(await processDirectly(orchestrator, { ...signed, id: 'x', timeout_seconds: 7 })).toMatchObject({
        status: 200,
      });
      expect(worker.received).toHaveLength(1);

      const forged = [
        { ...signed, request: '{"other":1}' },
        { ...signed, parameters: '{"other":1}' },
        { ...signed, sender: accountSender().address },
        { ...signed, sig: '0x' },
        { ...signed, sig: '' },
        { ...signed, sig: `0x${'zz'.repeat(65)}` },
      ];
      for (const job of forged) {
        expect(await processDirectly(orchestrator, job)).toMatchObject(
          profile === 'master'
            ? { status: 400, text: 'Could not verify job creds\n' }
            : { status: 403, text: 'ErrSegSig\n' },
        );
      }
      expect(worker.received).toHaveLength(1);
    });

    it('of a token cover the address as it is sent', async () => {
      const { orchestrator } = await loop();
      const account = accountSender();
      const { sig } = JSON.parse(Buffer.from(account.tokenHeader, 'base64').toString()) as { sig: string };
      const ask = (addr: string, signature: string) =>
        fetchToken(orchestrator, {
          'Livepeer-Eth-Address': toHeader({ addr, sig: signature }),
          'Livepeer-Capability': 'agent-net',
        });
      expect((await ask(account.address, sig)).status).toBe(200);
      expect((await ask(account.address.toLowerCase(), sig)).status).toBe(400);
      expect((await ask(accountSender().address, sig)).status).toBe(400);
    });

    it('are asked for after the header is read', async () => {
      const { orchestrator } = await loop();
      const send = (header: string) =>
        plainHttp(`${orchestrator.url}/process/request/agent-net`, {
          method: 'POST',
          headers: { Livepeer: header },
          body: '{}',
        });
      expect(await send('%%%')).toMatchObject(
        profile === 'master' ? { status: 400 } : { status: 403, text: 'ErrorSegEncoding\n' },
      );
      expect(await send(toHeader('{"capability":"agent-net"}'))).toMatchObject({
        status: 400,
        text: 'no timeout_seconds set with request, timeout_seconds is required\n',
      });
    });
  });

  it('13: gives the worker the content type and length, and none of the client’s other headers', async () => {
    const { gateway, worker } = await loop();
    const headers = { Authorization: 'Bearer x', 'X-Trace': '1', Cookie: 'a=b', Accept: 'application/json' };
    await submit(gateway, goodJob, { headers: { ...headers, 'Content-Type': 'application/x-mine' } });
    const [request] = worker.received;
    expect(Object.keys(request!.headers).sort()).toEqual([
      'accept-encoding',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ]);
    expect(request!.headers['content-type']).toBe('application/x-mine');
  });

  it('13: sends an empty content type when the client gave none', async () => {
    const { gateway, worker } = await loop();
    await plainHttp(`${gateway.url}/process/request/agent-net`, {
      method: 'POST',
      headers: { Livepeer: toHeader(goodJob) },
      body: '{}',
    });
    expect(worker.received[0]!.headers['content-type']).toBe('');
  });

  it.each([
    ['', 'agent-net', '/agent-net'],
    ['', 'agent-net?x=1', '/agent-net'],
    ['', 'agent-net/', '/agent-net/'],
    ['', 'a%20b', '/a%20b'],
    ['/', 'agent-net', '//agent-net'],
    ['/agent-net', 'agent-net', '/agent-net/agent-net'],
  ])(
    '14: a worker registered with "%s" behind its port is asked for %s at %s',
    async (suffix, path, seen) => {
      const { gateway, orchestrator, worker } = await loop();
      await register(orchestrator, { url: worker.url + suffix });
      await submit(gateway, goodJob, { path });
      expect(worker.received.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST ${seen}`]);
    },
  );

  it('14: a registered host without a scheme is an unsupported one, and loses the capability', async () => {
    const { gateway, orchestrator, worker } = await loop();
    await register(orchestrator, { url: `localhost:${String(worker.port)}` });
    expect(await submit(gateway)).toMatchObject({ status: 200, text: '' });
    expect(orchestrator.capabilities()).toEqual([]);
  });

  it('14: a registered IP without a scheme keeps the capability and leaks a slot', async () => {
    const { gateway, orchestrator, worker } = await loop();
    await register(orchestrator, { url: `127.0.0.1:${String(worker.port)}` });
    expect(await submit(gateway)).toMatchObject({ status: 200, text: '' });
    expect(loadOf(orchestrator)).toBe(1);
    const direct = await processDirectly(orchestrator);
    if (profile === 'pr-3650') expect(direct).toBe('dropped');
    else expect(direct).toMatchObject({ status: 500 });
  });

  it('14: follows a worker’s redirect, a 302 as GET', async () => {
    const { gateway, worker } = await loop((request, response) => {
      if (request.url === '/agent-net') response.writeHead(302, { Location: '/there' });
      response.end('{}');
    });
    expect((await submit(gateway)).status).toBe(200);
    expect(worker.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /agent-net',
      'GET /there',
    ]);
  });

  it('16: sends the registered token to the worker at master only', async () => {
    const { gateway, worker } = await loop(undefined, { offer: { token: 'worker-token' } });
    await submit(gateway);
    expect(worker.received[0]!.headers.authorization).toBe(
      profile === 'master' ? 'Bearer worker-token' : undefined,
    );
  });

  it('18: adds its own newline to a worker’s 4xx, and its balance', async () => {
    const { orchestrator } = await loop((_request, response) => {
      response.statusCode = 422;
      response.end('no');
    });
    expect(await processDirectly(orchestrator)).toMatchObject({
      status: 422,
      text: 'no\n',
      headers: { 'livepeer-balance': '0' },
    });
  });

  it.each([
    ['{"gpu":true}', '{"gpu":true}'],
    [undefined, ''],
  ])('36: relays the worker’s X-Metadata %s as "%s"', async (metadata, relayed) => {
    const { gateway } = await loop((_request, response) => {
      if (metadata !== undefined) response.setHeader('X-Metadata', metadata);
      response.end('{}');
    });
    expect((await submit(gateway)).headers['x-metadata']).toBe(relayed);
  });

  it('an unknown capability has no slot to count', async () => {
    expect(await processDirectly(await start())).toMatchObject({
      status: 503,
      text: profile === 'master' ? 'No capacity available for capability\n' : 'zero capacity\n',
    });
  });

  it('2, 1: takes jobs by POST only, on the subtree', async () => {
    const orchestrator = await start();
    expect(await plainHttp(`${orchestrator.url}/process/request/agent-net`)).toMatchObject({
      status: 405,
      text: 'Method not allowed\n',
    });
    expect(
      await plainHttp(`${orchestrator.url}/process/request`, { method: 'POST', body: '' }),
    ).toMatchObject({ status: 301, headers: { location: '/process/request/' } });
  });
});
