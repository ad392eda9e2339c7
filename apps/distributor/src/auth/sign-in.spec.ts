import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import {
  adminPassword,
  type RunningDistributor,
  startDistributor,
  viewerPassword,
} from '../testing/running-distributor.js';

describe('sign-in', () => {
  const cleanups: (() => Promise<void>)[] = [];
  let databaseUrl: string;

  async function start(environment: Record<string, string> = {}): Promise<RunningDistributor> {
    const distributor = await startDistributor({ DATABASE_URL: databaseUrl, ...environment });
    cleanups.push(() => distributor.close());
    return distributor;
  }

  beforeAll(async () => {
    const database = await createTestDatabase();
    databaseUrl = database.url;
    cleanups.push(() => database.drop());
  });

  afterAll(async () => {
    for (const clean of cleanups.reverse()) await clean();
  });

  const logIn = (distributor: RunningDistributor, body: unknown) =>
    distributor.ask('/api/v1/auth/login', { method: 'POST', body });

  it('gives a token for the password, with its role and its life', async () => {
    const distributor = await start();
    const admin = await logIn(distributor, { password: adminPassword });
    expect(admin).toMatchObject({
      status: 200,
      body: { access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600, role: 'admin' },
    });
    expect((await logIn(distributor, { password: viewerPassword })).body).toMatchObject({ role: 'viewer' });
  });

  it('is good at every replica with the same passwords and at no other', async () => {
    const [first, replica, stranger] = await Promise.all([
      start(),
      start(),
      start({ VIEWER_PASSWORD: 'another one for viewers' }),
    ]);
    const token = await first.signIn();
    expect((await replica.ask('/api/v1/payouts', { token })).status).not.toBe(401);
    expect((await stranger.ask('/api/v1/payouts', { token })).status).toBe(401);
  });

  it('refuses what is no password, naming the field', async () => {
    const distributor = await start();
    for (const body of [{}, { password: '' }, { password: 7 }, [], '"text"']) {
      const answer = await logIn(distributor, body);
      expect(answer.status).toBe(400);
    }
    expect((await logIn(distributor, {})).body).toMatchObject({ errors: [{ field: 'password' }] });
  });

  it('refuses a wrong password, and after five of them every password for a while', async () => {
    const distributor = await start();
    for (let guess = 1; guess <= 5; guess += 1) {
      const answer = await logIn(distributor, { password: `guess ${guess}` });
      expect(answer).toMatchObject({ status: 401, body: { errors: [{ field: 'password' }] } });
    }
    const answer = await logIn(distributor, { password: adminPassword });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('guards the metrics with a token of their own, and then they carry amounts', async () => {
    const distributor = await start({ METRICS_TOKEN: 'prometheus-token' });
    expect((await distributor.ask('/metrics')).status).toBe(401);
    expect((await distributor.ask('/metrics', { token: 'prometheus-tokeN' })).status).toBe(401);
    const answer = await distributor.ask('/metrics', { token: 'prometheus-token' });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('distributor_balance_usd');
  });
});
