import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { Wallet } from 'ethers';
import { z } from 'zod';
import { nobody, page, record, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { until, viewerPassword } from '../testing/running-distributor.js';

const wallet = Wallet.createRandom();
const stranger = Wallet.createRandom();
const messageBody = z.object({ message: z.string(), expires_at: z.string() });
const tokenBody = z.object({ access_token: z.string(), expires_in: z.int(), role: z.literal('payee') });

let rig: RestRig;
/** Paid to `wallet`; and the other one, which has periods and payouts. */
let own: string;
let other: string;
let token: string;

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  rig.distributor.ask(`/api/v1/${path}`, { method: 'POST', body, headers });

const messageFor = async (address: string) =>
  messageBody.parse((await post('auth/siwe/challenge', { address })).body).message;

async function signIn(key: Pick<Wallet, 'address' | 'signMessage'>) {
  const message = await messageFor(key.address);
  return post('auth/siwe', { message, signature: await key.signMessage(message) });
}

const asPayee = (path: string, method = 'GET') => rig.distributor.ask(`/api/v1/${path}`, { token, method });

beforeAll(async () => {
  rig = await startRestRig(await createTestDatabase());
  const [first] = await until(
    () => rig.itemsOf('payments'),
    (items) => items.length > 0,
  );
  other = z.string().parse(first?.orchestrator_id);
  own = (await rig.create({ payout_address: wallet.address, name: 'mine' })).id;
  token = tokenBody.parse((await signIn(wallet)).body).access_token;
});
afterAll(() => rig.close());

describe('signing in with Ethereum', () => {
  it('asks to sign a message of EIP-4361 with our domain, chain, a nonce and an end', async () => {
    expect(await messageFor(wallet.address)).toMatch(
      new RegExp(
        String.raw`^127\.0\.0\.1:\d+ wants you to sign in with your Ethereum account:\n${wallet.address}\n\n[^\n]+\n\n` +
          String.raw`URI: http://127\.0\.0\.1:\d+\nVersion: 1\nChain ID: 1\nNonce: [0-9a-zA-Z]{16,64}\n` +
          String.raw`Issued At: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\nExpiration Time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`,
      ),
    );
  });

  it('gives a short-lived token of a payee', async () => {
    expect(await signIn(wallet)).toMatchObject({ status: 200, body: { expires_in: 900, role: 'payee' } });
  });

  it('takes a message once', async () => {
    const message = await messageFor(wallet.address);
    const answer = { message, signature: await wallet.signMessage(message) };
    expect((await post('auth/siwe', answer)).status).toBe(200);
    expect((await post('auth/siwe', answer)).status).toBe(401);
  });

  it('burns the message with a wrong signature too', async () => {
    const message = await messageFor(wallet.address);
    expect(
      (await post('auth/siwe', { message, signature: await stranger.signMessage(message) })).status,
    ).toBe(401);
    expect((await post('auth/siwe', { message, signature: await wallet.signMessage(message) })).status).toBe(
      401,
    );
  });

  it.each([
    [
      'of which a word was changed',
      (message: string) => message.replace('moves nothing', 'moves everything'),
    ],
    [
      'of which the address was changed',
      (message: string) => message.replace(wallet.address, stranger.address),
    ],
    [
      'that nobody wrote here',
      (message: string) => message.replace(/Nonce: \w+/, `Nonce: ${'a'.repeat(32)}`),
    ],
    ['without a nonce', (message: string) => message.replace(/Nonce: \w+\n/, '')],
  ])('refuses a message %s', async (_what, change) => {
    const message = change(await messageFor(wallet.address));
    expect((await post('auth/siwe', { message, signature: await wallet.signMessage(message) })).status).toBe(
      401,
    );
  });

  it('refuses who is paid nothing, though the signature is right', async () => {
    expect((await signIn(stranger)).status).toBe(403);
  });

  it('believes the Host header on the machine itself only', async () => {
    const body = { address: wallet.address };
    expect(
      (
        await rig.distributor.app.inject({
          method: 'POST',
          url: '/api/v1/auth/siwe/challenge',
          payload: body,
          headers: { host: 'evil.example' },
        })
      ).statusCode,
    ).toBe(409);
    const issued = await rig.distributor.app.inject({
      method: 'POST',
      url: '/api/v1/auth/siwe/challenge',
      payload: body,
      headers: { host: 'localhost:1' },
    });
    const { message } = messageBody.parse(JSON.parse(issued.body));
    // For localhost:1, brought to 127.0.0.1.
    expect((await post('auth/siwe', { message, signature: await wallet.signMessage(message) })).status).toBe(
      401,
    );
  });
});

describe('a payee', () => {
  it('sees its orchestrators with their balances, periods, history, payouts and statement', async () => {
    expect((await asPayee('payee')).body).toMatchObject({
      address: wallet.address,
      orchestrators: [{ id: own, name: 'mine', balance: { orchestrator_id: own } }],
    });
    for (const path of ['history', 'assessments', 'payments', 'statement'])
      expect((await asPayee(`payee/orchestrators/${own}/${path}`)).status).toBe(200);
  });

  it('is told of nobody else, by any id', async () => {
    const [period] = await rig.itemsOf(`assessments?orchestrator_id=${other}&decision=paid`);
    const [payout] = await rig.itemsOf(`payments?orchestrator_id=${other}`);
    const paths = [
      ...['history', 'assessments', 'payments', 'statement'].map(
        (path) => `payee/orchestrators/${other}/${path}`,
      ),
      `payee/evidence/${String(period?.id)}`,
      `payee/payments/${String(payout?.id)}`,
    ];
    for (const path of paths) {
      const answer = await asPayee(path);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      const unknown = await asPayee(path.replaceAll(/[0-9a-f-]{36}/g, nobody));
      // Word for word what is said of ids that do not exist.
      expect(JSON.stringify(answer.body).replaceAll(/[0-9a-f-]{36}/g, nobody)).toBe(
        JSON.stringify(unknown.body),
      );
    }
  });

  it('is refused by every route that is not for payees', async () => {
    const document = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse((await rig.distributor.ask('/docs-json')).body);
    const open = new Set([
      '/api/v1/status',
      '/api/v1/auth/login',
      '/api/v1/auth/siwe',
      '/api/v1/auth/siwe/challenge',
    ]);
    const routes = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/api/v1') && !path.startsWith('/api/v1/payee') && !open.has(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => [method, path] as const));
    expect(routes.length).toBeGreaterThan(30);
    for (const [method, path] of routes) {
      const { status } = await asPayee(
        path.replace('/api/v1/', '').replaceAll(/\{\w+\}/g, own),
        method.toUpperCase(),
      );
      expect({ method, path, status }).toEqual({ method, path, status: 403 });
    }
  });

  it('has routes that nobody else enters, and nobody without a token', async () => {
    const viewer = await rig.distributor.signIn(viewerPassword);
    for (const each of [rig.token, viewer])
      expect((await rig.distributor.ask('/api/v1/payee', { token: each })).status).toBe(403);
    expect((await rig.distributor.ask('/api/v1/payee')).status).toBe(401);
  });
});

describe('by the key of the worker', () => {
  let workerToken: string;
  let mine: string;

  beforeEach(async () => {
    const key = Wallet.createRandom();
    mine = (await rig.create({ worker_address: key.address })).id;
    workerToken = tokenBody.parse((await signIn(key)).body).access_token;
  });

  it('the same is seen, until the key is no longer the accepted one', async () => {
    const ids = async () => {
      const { body } = await rig.distributor.ask('/api/v1/payee', { token: workerToken });
      return z
        .object({ orchestrators: z.array(record) })
        .parse(body)
        .orchestrators.map(({ id }) => id);
    };
    expect(await ids()).toEqual([mine]);
    await rig.send('POST', `orchestrators/${mine}/accept-worker`, { worker_address: stranger.address });
    expect(await until(ids, (seen) => seen.length === 0)).toEqual([]);
  });
});

describe('the evidence', () => {
  it('is downloaded as it was signed, by the payee whose period it is', async () => {
    const [period] = await rig.itemsOf(`assessments?orchestrator_id=${other}&decision=paid`);
    await rig.send('PATCH', `orchestrators/${other}`, { payout_address: wallet.address });
    const answer = await until(
      () => asPayee(`payee/evidence/${String(period?.id)}`),
      ({ status }) => status === 200,
    );
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    expect(answer.body).toMatchObject({
      id: period?.id,
      worker_address: rig.worker.address,
      evidence: { signature: expect.stringMatching(/^0x/) },
    });
    const { items } = page.parse((await asPayee(`payee/orchestrators/${other}/payments`)).body);
    expect((await asPayee(`payee/payments/${String(items[0]?.id)}`)).body).toMatchObject({
      changes: expect.any(Array),
    });
  });
});
