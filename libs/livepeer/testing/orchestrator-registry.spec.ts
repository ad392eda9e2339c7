import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:tls';
import type { DetailedPeerCertificate } from 'node:tls';

import {
  DoubleRig,
  fetchToken,
  register,
  secret,
  senderAddressHeader,
  submit,
  toHeader,
} from './double-rig.js';
import type { Loop } from './double-rig.js';
import type { OrchestratorDouble } from './orchestrator-double.js';
import { plainHttp } from './plain-http.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';
const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('the registry of the orchestrator double at %s', (profile) => {
  const loop = (
    answer?: WorkerAnswer,
    options: { secondMs?: number; offer?: Record<string, unknown> } = {},
  ): Promise<Loop> => rig.loop({ profile, answer, ...options });
  const start = (): Promise<OrchestratorDouble> => rig.orchestrator({ profile });
  const unregister = (orchestrator: OrchestratorDouble, name: string, authorization = secret) =>
    plainHttp(`${orchestrator.url}/capability/unregister`, {
      method: 'POST',
      headers: { Authorization: authorization },
      body: name,
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
