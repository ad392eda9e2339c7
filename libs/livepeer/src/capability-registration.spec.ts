import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';

import { DoubleRig, register, secret, submit, until } from '../testing/double-rig.js';
import { closeNow, listenOn } from '../testing/go-http-server.js';
import type { OrchestratorDouble } from '../testing/orchestrator-double.js';
import type { Profile } from '../testing/profile.js';
import { CapabilityOfferError } from './capability-offer.js';
import type { CapabilityOffer } from './capability-offer.js';
import { CapabilityRegistration } from './capability-registration.js';
import type { CapabilityRegistrationOptions } from './capability-registration.js';

const rig = new DoubleRig();
afterEach(() => rig.stop());

const offer: CapabilityOffer = {
  name: 'agent-net',
  url: 'http://worker:9876',
  description: 'uptime',
  capacity: 4,
  pricePerUnit: 0,
  priceScaling: 1,
};
const silent = { info: () => undefined, warn: () => undefined };

/** The waits are a thousandth of the real ones, except where a test says otherwise. */
function registrationAt(
  orchestratorUrl: string | undefined,
  options: Partial<CapabilityRegistrationOptions> = {},
): CapabilityRegistration {
  const registration = new CapabilityRegistration({
    orchestratorUrl,
    secret,
    offer,
    heartbeatMs: 30,
    retryMinMs: 2,
    spacingMs: 5,
    idleGraceMs: 6,
    logger: silent,
    ...options,
  });
  rig.kept({ stop: () => registration.stop() });
  return registration;
}

async function startServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const port = await listenOn(server, 0, '127.0.0.1');
  rig.kept({ stop: () => closeNow(server) });
  return `http://127.0.0.1:${String(port)}`;
}

const isRegistered = (registration: CapabilityRegistration) => (): boolean =>
  registration.state().status === 'registered';
const names = (orchestrator: OrchestratorDouble): string[] =>
  orchestrator.capabilities().map(({ name }) => name);

describe.each<Profile>(['pr-3650', 'master'])('a registration at %s', (profile) => {
  it('offers the capability at once, over the orchestrator’s self-signed certificate', async () => {
    const orchestrator = await rig.orchestrator({ profile });
    const registration = registrationAt(`${orchestrator.url}/`);
    expect(registration.state()).toEqual({
      status: 'registering',
      registeredAtMs: null,
      lastError: null,
      confirmed: 0,
      failed: 0,
    });
    registration.start();
    await until(isRegistered(registration));
    expect(orchestrator.capabilities()).toMatchObject([{ ...offer, currency: 'wei', load: 0 }]);
    expect(registration.state()).toEqual({
      status: 'registered',
      registeredAtMs: expect.any(Number),
      lastError: null,
      confirmed: expect.any(Number),
      failed: 0,
    });
  });

  it('comes back after the orchestrator was restarted', async () => {
    const worker = await rig.worker();
    const orchestrator = await rig.orchestrator({ profile });
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile });
    const registration = registrationAt(orchestrator.url, { offer: { ...offer, url: worker.url } });
    registration.start();
    await until(isRegistered(registration));
    await orchestrator.restart();
    await until(() => names(orchestrator).includes('agent-net'));
    expect((await submit(gateway)).text).toBe('{"ok":true}');
  });

  it('comes back after the orchestrator dropped it for a failed connection', async () => {
    let answers = false;
    const worker = await rig.worker((_request, response) =>
      answers ? response.end('{}') : response.destroy(),
    );
    const orchestrator = await rig.orchestrator({ profile });
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile });
    const registration = registrationAt(orchestrator.url, { offer: { ...offer, url: worker.url } });
    registration.start();
    await until(isRegistered(registration));
    expect((await submit(gateway)).text).toBe('');
    answers = true;
    await until(() => names(orchestrator).includes('agent-net'));
    expect((await submit(gateway)).text).toBe('{}');
  });

  it('heals leaked capacity', async () => {
    const orchestrator = await rig.orchestrator({ profile });
    const registration = registrationAt(orchestrator.url);
    registration.start();
    await until(isRegistered(registration));
    await register(orchestrator, { load: 4, capacity: 4 });
    await until(() => orchestrator.capabilities()[0]!.load === 0);
    expect(names(orchestrator)).toEqual(['agent-net']);
  });

  it('is withdrawn on stop, and not before', async () => {
    const orchestrator = await rig.orchestrator({ profile });
    const registration = registrationAt(orchestrator.url);
    registration.start();
    await until(isRegistered(registration));
    await registration.stop();
    expect(names(orchestrator)).toEqual([]);
    expect(registration.state().status).toBe('stopped');
    await registration.stop();
  });
});

describe('a registration', () => {
  it('without an orchestrator is disabled', async () => {
    const registration = registrationAt(undefined);
    registration.start();
    registration.jobAborted();
    expect(registration.state()).toMatchObject({ status: 'disabled', registeredAtMs: null, lastError: null });
    await registration.stop();
    expect(registration.state().status).toBe('disabled');
  });

  it('tells a wrong secret from a bad body, and both from another server', async () => {
    const orchestrator = await rig.orchestrator();
    const wrongSecret = registrationAt(orchestrator.url, { secret: 'other' });
    wrongSecret.start();
    await until(() => wrongSecret.state().failed >= 2);
    expect(wrongSecret.state()).toMatchObject({
      status: 'failing',
      lastError: expect.stringContaining('-orchSecret'),
    });

    const badBody = registrationAt(
      await startServer((_request, response) => {
        response.statusCode = 400;
        response.end('Error registering capability: json: cannot unmarshal');
      }),
    );
    badBody.start();
    await until(() => badBody.state().lastError !== null);
    expect(badBody.state().lastError).toBe(
      'the orchestrator refused the offer: Error registering capability: json: cannot unmarshal',
    );

    const stranger = registrationAt(await startServer((_request, response) => response.end('<html>')));
    stranger.start();
    await until(() => stranger.state().lastError !== null);
    expect(stranger.state().lastError).toContain('does not answer as an orchestrator does');
  });

  it('names the currency as a possible cause of a dropped connection', async () => {
    const registration = registrationAt(await startServer((request) => request.socket.destroy()));
    registration.start();
    await until(() => registration.state().lastError !== null);
    expect(registration.state().lastError).toContain('currency');
  });

  it('goes on trying until the orchestrator is there', async () => {
    const early = await rig.orchestrator();
    await early.stop();
    const registration = registrationAt(early.url);
    registration.start();
    await until(() => registration.state().status === 'failing');
    expect(registration.state().lastError).toContain('cannot be reached');
    await rig.orchestrator({ port: early.port });
    await until(isRegistered(registration));
    expect(registration.state().lastError).toBeNull();
  });

  it('is renewed at once after an aborted job, long before its heartbeat', async () => {
    const orchestrator = await rig.orchestrator();
    const registration = registrationAt(orchestrator.url, { heartbeatMs: 3_600_000 });
    registration.start();
    await until(isRegistered(registration));
    await orchestrator.restart();
    registration.jobAborted();
    await until(() => names(orchestrator).includes('agent-net'));
  });

  it('waits for an idle worker, but not for ever', async () => {
    let requests = 0;
    let isIdle = false;
    const url = await startServer((_request, response) => {
      requests += 1;
      response.end('ok');
    });
    const registration = registrationAt(url, {
      heartbeatMs: 3_600_000,
      idleGraceMs: 3_600_000,
      isIdle: () => isIdle,
    });
    registration.start();
    await until(isRegistered(registration));
    // The first one does not wait: without it there are no jobs.
    expect(requests).toBe(1);
    registration.jobAborted();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests).toBe(1);
    isIdle = true;
    await until(() => requests === 2);

    const impatient = registrationAt(url, { isIdle: () => false });
    impatient.start();
    await until(() => requests >= 5);
  });

  it('never comes in a tight loop, however many jobs are aborted', async () => {
    let requests = 0;
    const url = await startServer((_request, response) => {
      requests += 1;
      response.end('ok');
    });
    const registration = registrationAt(url, { heartbeatMs: 3_600_000, spacingMs: 3_600_000 });
    registration.start();
    await until(isRegistered(registration));
    for (let turn = 0; turn < 100; turn += 1) registration.jobAborted();
    // Time enough for a loop that does not wait.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await registration.stop();
    expect(requests).toBe(2); // the registration and its withdrawal
  });

  it('sends the secret as the whole header, and a body without a load', async () => {
    const seen: { authorization: string | undefined; body: string }[] = [];
    const url = await startServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ authorization: request.headers.authorization, body });
        response.end('ok');
      });
    });
    const registration = registrationAt(url, { offer: { ...offer, url: 'http://worker:9876/' } });
    registration.start();
    await until(isRegistered(registration));
    await registration.stop();
    const first = seen[0]!;
    expect(first.authorization).toBe(secret);
    expect(JSON.parse(first.body)).toEqual({
      name: 'agent-net',
      description: 'uptime',
      url: 'http://worker:9876',
      capacity: 4,
      price_per_unit: 0,
      price_scaling: 1,
      currency: 'wei',
    });
    expect(seen.at(-1)).toEqual({ authorization: secret, body: 'agent-net' });
  });

  it('brings the token that an orchestrator of master gives back with each job', async () => {
    const orchestrator = await rig.orchestrator({ profile: 'master' });
    const registration = registrationAt(orchestrator.url, { offer: { ...offer, token: 'worker-token' } });
    registration.start();
    await until(isRegistered(registration));
    expect(orchestrator.capabilities()).toMatchObject([{ token: 'worker-token' }]);
  });

  it.each([
    [{ token: 'two words' }],
    [{ token: 'two\r\nlines' }],
    [{ url: 'worker:9876' }],
    [{ url: 'http://worker:9876/agent-net' }],
    [{ url: '' }],
    [{ capacity: 0 }],
    [{ capacity: 1.5 }],
    [{ pricePerUnit: -1 }],
    [{ priceScaling: 0 }],
  ])('of %j is refused before anything is sent', (fault) => {
    expect(() => registrationAt('https://orch:9995', { offer: { ...offer, ...fault } })).toThrow(
      CapabilityOfferError,
    );
  });

  it('stops within Docker’s ten seconds although the orchestrator never answers', async () => {
    let isWithdrawn = false;
    const url = await startServer((request, response) => {
      if (request.url === '/capability/register') response.end('ok');
      else isWithdrawn = true;
    });
    const registration = registrationAt(url, { heartbeatMs: 3_600_000 });
    registration.start();
    await until(isRegistered(registration));
    await registration.stop();
    expect(isWithdrawn).toBe(true);
    expect(registration.state().status).toBe('stopped');
  });

  it('stops while the orchestrator does not answer', async () => {
    let isAsked = false;
    const url = await startServer((request, response) => {
      isAsked = true;
      if (request.url === '/capability/unregister') response.end('ok');
    });
    const registration = registrationAt(url);
    registration.start();
    await until(() => isAsked);
    await registration.stop();
    expect(registration.state().status).toBe('stopped');
  });

  // Without the limit of its own, each of its two requests would wait for a connection for five seconds.
  it('stops while the orchestrator takes connections and says nothing, not even by TLS', async () => {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    rig.kept({
      stop: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    });
    const connected = once(server, 'connection');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const registration = registrationAt(`https://127.0.0.1:${String(address.port)}`);
    registration.start();
    await connected;
    await registration.stop();
    expect(registration.state().status).toBe('stopped');
  }, 8_000);
});
