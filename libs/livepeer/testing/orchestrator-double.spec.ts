import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:tls';
import type { DetailedPeerCertificate } from 'node:tls';

import {
  DoubleRig,
  fetchToken,
  goodJob,
  loadOf,
  processDirectly,
  register,
  secret,
  senderAddressHeader,
  submit,
  toHeader,
  until,
} from './double-rig.js';
import { accountSender } from './gateway-sender.js';
import type { GatewayDouble } from './gateway-double.js';
import type { OrchestratorDouble } from './orchestrator-double.js';
import { plainHttp } from './plain-http.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer, WorkerStub } from './worker-stub.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('the orchestrator double at %s', (profile) => {
  const start = (secondMs = 1_000): Promise<OrchestratorDouble> => rig.orchestrator({ profile, secondMs });

  async function loop(
    answer?: WorkerAnswer,
    { secondMs = 1_000, offer = {} }: { secondMs?: number; offer?: Record<string, unknown> } = {},
  ): Promise<{ gateway: GatewayDouble; orchestrator: OrchestratorDouble; worker: WorkerStub }> {
    const worker = await rig.worker(answer);
    const orchestrator = await start(secondMs);
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile, secondMs });
    await register(orchestrator, { url: worker.url, ...offer });
    return { gateway, orchestrator, worker };
  }
  const unregister = (orchestrator: OrchestratorDouble, name: string, authorization = secret) =>
    plainHttp(`${orchestrator.url}/capability/unregister`, {
      method: 'POST',
      headers: { Authorization: authorization },
      body: name,
    });

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

  it('21: counts a job without looking at the capacity; only the token step looks', async () => {
    const { orchestrator, worker } = await loop(() => undefined, { offer: { capacity: 1 } });
    const jobs = [processDirectly(orchestrator), processDirectly(orchestrator)];
    await until(() => worker.received.length === 2);
    expect(loadOf(orchestrator)).toBe(2);
    const token = await fetchToken(orchestrator);
    expect(token.status).toBe(profile === 'master' ? 200 : 503);
    await rig.stop();
    await Promise.allSettled(jobs);
  });

  it('22: leaks one slot per timeout until nothing is left', async () => {
    const { gateway, orchestrator } = await loop(() => undefined, { secondMs: 50, offer: { capacity: 2 } });
    const job = { ...goodJob, timeout_seconds: 1 };
    expect((await submit(gateway, job)).text).toBe('');
    expect((await submit(gateway, job)).text).toBe('');
    expect(loadOf(orchestrator)).toBe(2);
    expect((await submit(gateway, job)).text).toBe('No orchestrators found for capability agent-net\n');
  });

  it('22: leaks one slot when the client leaves before the worker answers', async () => {
    let isCutOff = false;
    const { gateway, orchestrator, worker } = await loop((_request, response) => {
      response.on('close', () => (isCutOff = true));
    });
    const leaving = new AbortController();
    const answer = submit(gateway, goodJob, { signal: leaving.signal });
    await until(() => worker.received.length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => isCutOff);
    expect(orchestrator.capabilities()).toMatchObject([{ name: 'agent-net', load: 1 }]);
  });

  it('22: gives the slot back after an answer, good or bad', async () => {
    let code = 200;
    const { gateway, orchestrator } = await loop((_request, response) => {
      response.statusCode = code;
      response.end('{}');
    });
    for (code of [200, 400, 500]) {
      await submit(gateway);
      expect(loadOf(orchestrator)).toBe(0);
    }
  });

  it('23: removes the capability when the worker refuses or resets the connection', async () => {
    const { orchestrator, worker } = await loop((_request, response) => response.destroy());
    expect(await processDirectly(orchestrator)).toMatchObject({
      status: 500,
      text: `job not able to be processed, removing capability err=Post "${worker.url}/agent-net": EOF\n`,
      headers: { 'livepeer-balance': '0' },
    });
    expect(orchestrator.capabilities()).toEqual([]);

    await register(orchestrator, { url: 'http://127.0.0.1:1' });
    expect(await processDirectly(orchestrator)).toMatchObject({
      status: 500,
      text: 'job not able to be processed, removing capability err=Post "http://127.0.0.1:1/agent-net": dial tcp 127.0.0.1:1: connect: connection refused\n',
    });
    expect(orchestrator.capabilities()).toEqual([]);
  });

  it('23: keeps the capability on a timeout, whatever its answer says', async () => {
    const { orchestrator } = await loop(() => undefined, { secondMs: 50 });
    const answer = await processDirectly(orchestrator, { ...goodJob, timeout_seconds: 1 });
    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('removing capability') });
    expect(orchestrator.capabilities()).toHaveLength(1);
  });

  it('23: keeps idle connections to the worker longer than a server’s hint says', async () => {
    const ports = new Set<number | undefined>();
    const { gateway } = await loop((_request, response) => {
      ports.add(response.socket?.remotePort);
      response.setHeader('Keep-Alive', 'timeout=0');
      response.end('{}');
    });
    await submit(gateway);
    await submit(gateway);
    expect(ports.size).toBe(1);
  });

  it('24: a 401 of the worker goes to the client at pr-3650, and removes the capability at master', async () => {
    const { gateway, orchestrator } = await loop((_request, response) => {
      response.statusCode = 401;
      response.end('who are you');
    });
    const answer = await submit(gateway);
    if (profile === 'pr-3650') {
      expect(answer).toMatchObject({ status: 401, text: 'who are you\n\n' });
      expect(orchestrator.capabilities()).toHaveLength(1);
      return;
    }
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(orchestrator.capabilities()).toEqual([]);
    expect(await processDirectly(orchestrator)).toMatchObject({ status: 503 });
  });

  it('25: a new registration forgets running jobs, whose end then counts below zero', async () => {
    const held: (() => void)[] = [];
    const { orchestrator, worker } = await loop((_request, response) => {
      held.push(() => response.end('{}'));
    });
    const jobs = [processDirectly(orchestrator), processDirectly(orchestrator)];
    await until(() => held.length === 2);
    expect(loadOf(orchestrator)).toBe(2);
    await register(orchestrator, { url: worker.url });
    expect(loadOf(orchestrator)).toBe(0);
    for (const release of held) release();
    await Promise.all(jobs);
    expect(loadOf(orchestrator)).toBe(-2);
  });

  it('26: registers for the raw secret only, and answers with an ok that is labelled JSON and is not', async () => {
    const orchestrator = await start();
    const answer = await register(orchestrator, { url: 'http://worker:9876' });
    expect(answer).toMatchObject({
      status: 200,
      text: 'ok',
      headers: { 'content-type': 'application/json' },
    });
    for (const wrong of [`Bearer ${secret}`, 'other', '']) {
      const refused = await register(orchestrator, { name: 'other', url: 'http://worker:9876' }, wrong);
      expect(refused).toMatchObject({
        status: 400,
        text: 'invalid authorization\n',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      });
    }
    expect(orchestrator.capabilities().map(({ name }) => name)).toEqual(['agent-net']);
  });

  it('26: an orchestrator with an empty secret takes a registration without one', async () => {
    const orchestrator = await rig.orchestrator({ profile, secret: '' });
    const answer = await plainHttp(`${orchestrator.url}/capability/register`, {
      method: 'POST',
      body: '{"name":"agent-net"}',
    });
    expect(answer).toMatchObject({ status: 200, text: 'ok' });
  });

  it.each([
    ['{"name"', 'unexpected end of JSON input'],
    ['hello', "invalid character 'h' looking for beginning of value"],
    [
      '{"capacity":"2"}',
      'json: cannot unmarshal string into Go struct field ExternalCapability.capacity of type int',
    ],
    [
      '{"price_per_unit":0.5}',
      'json: cannot unmarshal number 0.5 into Go struct field ExternalCapability.price_per_unit of type int64',
    ],
  ])('26: refuses the body %s with a text without a newline', async (body, reason) => {
    const answer = await register(await start(), body);
    expect(answer).toMatchObject({
      status: 400,
      text: `Error registering capability: ${reason}`,
      headers: { 'content-type': 'application/json' },
    });
  });

  it('26: takes an empty name, a missing scaling as 1, keys in any case, and a load by accident', async () => {
    const orchestrator = await start();
    await register(orchestrator, '{"URL":"http://w:1","Capacity":3,"Load":2}');
    expect(orchestrator.capabilities()).toMatchObject([
      { name: '', url: 'http://w:1', capacity: 3, priceScaling: 1, load: 2 },
    ]);
  });

  it('26: takes POST only', async () => {
    const orchestrator = await start();
    for (const path of ['register', 'unregister']) {
      const answer = await plainHttp(`${orchestrator.url}/capability/${path}`);
      expect(answer).toMatchObject({ status: 405 });
    }
  });

  it.each(['USD', 'gbp'])('27: drops the connection for the currency %s, and stays up', async (currency) => {
    const orchestrator = await start();
    expect(await register(orchestrator, { currency })).toBe('dropped');
    expect(orchestrator.capabilities()).toEqual([]);
    expect(await register(orchestrator, { currency: 'WEI' })).toMatchObject({ status: 200 });
    expect(await register(orchestrator, { currency: '' })).toMatchObject({ status: 200 });
    expect(await register(orchestrator, { currency: 'Eth' })).toMatchObject({ status: 200 });
  });

  it('28: of two workers with one name the last one has it', async () => {
    const { gateway, orchestrator, worker } = await loop();
    const second = await rig.worker();
    await register(orchestrator, { url: second.url });
    await submit(gateway);
    expect([worker.received.length, second.received.length]).toEqual([0, 1]);
    expect(orchestrator.capabilities()).toHaveLength(1);
  });

  it('29: unregisters by raw text, as often as one likes', async () => {
    const orchestrator = await start();
    await register(orchestrator, { url: 'http://worker:9876' });
    expect(await unregister(orchestrator, '"agent-net"')).toMatchObject({ status: 200, text: 'ok' });
    expect(await unregister(orchestrator, 'agent-net\n')).toMatchObject({ status: 200, text: 'ok' });
    expect(orchestrator.capabilities()).toHaveLength(1);
    expect(await unregister(orchestrator, 'agent-net', 'other')).toMatchObject({ status: 400 });
    expect(orchestrator.capabilities()).toHaveLength(1);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await unregister(orchestrator, 'agent-net')).toMatchObject({ status: 200, text: 'ok' });
      expect(orchestrator.capabilities()).toEqual([]);
    }
  });

  it('30: forgets every capability on a restart, and comes back at the same address', async () => {
    const { gateway, orchestrator, worker } = await loop();
    const { url } = orchestrator;
    await orchestrator.restart();
    expect(orchestrator.url).toBe(url);
    expect((await submit(gateway)).text).toBe('No orchestrators found for capability agent-net\n');
    await register(orchestrator, { url: worker.url });
    expect((await submit(gateway)).text).toBe('{"ok":true}');
  });

  describe('31: the token', () => {
    it('has the keys of its profile and leaves out what is zero', async () => {
      const { orchestrator } = await loop();
      const { status, text } = await fetchToken(orchestrator);
      expect(status).toBe(200);
      const token = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(token)).toEqual([
        'sender_address',
        'ticket_params',
        'price',
        'service_addr',
        ...(profile === 'master' ? ['available_capacity', 'LastNonce'] : []),
      ]);
      expect(token).toMatchObject({
        price: { pixelsPerUnit: 1 },
        service_addr: orchestrator.url,
        ...(profile === 'master' ? { available_capacity: 10, LastNonce: 0 } : {}),
      });
      expect(Object.keys(token.ticket_params as object)).toEqual([
        'recipient',
        'recipient_rand_hash',
        'seed',
        'expiration_block',
        'expiration_params',
      ]);
    });

    it('names the price when there is one', async () => {
      const orchestrator = await start();
      await register(orchestrator, { url: 'http://w:1', price_per_unit: 7, price_scaling: 2 });
      const { text } = await fetchToken(orchestrator);
      expect(JSON.parse(text)).toMatchObject({ price: { pricePerUnit: 7, pixelsPerUnit: 2 } });
    });

    it('is refused to a full or unknown capability', async () => {
      const orchestrator = await start();
      await register(orchestrator, { url: 'http://w:1', capacity: 0 });
      for (const capability of ['agent-net', 'other']) {
        const answer = await fetchToken(orchestrator, {
          'Livepeer-Eth-Address': senderAddressHeader,
          'Livepeer-Capability': capability,
        });
        if (profile === 'pr-3650') {
          expect(answer).toMatchObject({ status: 503, text: '{}\n' });
        } else {
          expect(answer.status).toBe(200);
          expect(JSON.parse(answer.text)).not.toHaveProperty('available_capacity');
          expect(JSON.parse(answer.text)).toHaveProperty('ticket_params');
        }
      }
    });

    it('is refused to a bad request', async () => {
      const orchestrator = await start();
      const address = { 'Livepeer-Eth-Address': senderAddressHeader };
      const capability = { 'Livepeer-Capability': 'agent-net' };
      expect((await fetchToken(orchestrator, { ...address, ...capability }, 'POST')).status).toBe(405);
      expect(await fetchToken(orchestrator, capability)).toMatchObject({
        status: 400,
        text: 'Must have eth address and signature on address in Livepeer-Eth-Address header\n',
      });
      expect(await fetchToken(orchestrator, address)).toMatchObject({
        status: 400,
        text: 'Job capabilities not provided, must provide comma separated capabilities in Livepeer-Capability header\n',
      });
      for (const header of ['%%%', toHeader('no'), toHeader({ addr: '0x0', sig: '0x' }), toHeader({})]) {
        expect(
          await fetchToken(orchestrator, { ...capability, 'Livepeer-Eth-Address': header }),
        ).toMatchObject({ status: 400, text: 'Invalid eth address header \n' });
      }
    });
  });

  it('32: serves HTTPS with a self-signed P-256 certificate that is new on each start', async () => {
    const orchestrator = await start();
    await expect(fetch(`${orchestrator.url}/process/token`)).rejects.toThrow('fetch failed');
    const before = await certificateOf(orchestrator);
    expect(before).toMatchObject({ asn1Curve: 'prime256v1' });
    expect(before.issuer).toEqual(before.subject);
    await orchestrator.restart();
    const after = await certificateOf(orchestrator);
    expect(after.pubkey!.equals(before.pubkey!)).toBe(false);
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

function certificateOf({ port }: OrchestratorDouble): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
