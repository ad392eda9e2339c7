import { afterEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { BooksOpening } from '../schedules/books-opening.js';
import { Door } from '../testing/door.js';
import { startDistributor, until } from '../testing/running-distributor.js';

describe('when something is away', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  async function databaseBehindDoor() {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const url = new URL(database.url);
    const door = await Door.to({ host: url.hostname, port: Number(url.port) });
    cleanups.push(() => door.remove());
    url.hostname = '127.0.0.1';
    url.port = String(door.port);
    return { door, url: url.href };
  }

  async function start(environment: Record<string, string>) {
    const distributor = await startDistributor(environment);
    cleanups.push(() => distributor.close());
    return distributor;
  }

  it('lives without a database, says so, and recovers by itself, twice', async () => {
    const { door, url } = await databaseBehindDoor();
    const distributor = await start({ DATABASE_URL: url });

    for (let outage = 0; outage < 2; outage += 1) {
      const ready = await until(
        () => distributor.ask('/health/ready'),
        ({ status }) => status === 503,
      );
      expect(JSON.stringify(ready.body)).toContain('database');
      expect((await distributor.ask('/health/live')).status).toBe(200);
      const status = await until(
        () => distributor.ask('/api/v1/status'),
        (answer) => answer.status === 503,
      );
      expect(status.headers.get('content-type')).toMatch(/problem\+json/);
      // Signing in needs no database.
      await distributor.signIn();

      await door.open();
      await until(
        () => distributor.ask('/health/ready'),
        (answer) => answer.status === 200,
      );
      await until(
        () => distributor.ask('/api/v1/status'),
        (answer) => answer.status === 200,
      );
      await door.shut();
    }
  });

  it('goes on judging without a chain, and is not ready because of it', async () => {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const nowhere = await Door.to({ host: '127.0.0.1', port: 1 });
    cleanups.push(() => nowhere.remove());
    const distributor = await start({
      DATABASE_URL: database.url,
      PAYER_PRIVATE_KEY: `0x${'42'.repeat(32)}`,
      ETH_RPC_URL: `http://127.0.0.1:${nowhere.port}`,
      CHAIN_ID: '31337',
      TOKEN_ADDRESS: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      MAX_PAYOUT_USD: '1000',
      MAX_DAILY_PAYOUT_USD: '20000',
    });
    const { body } = await until(
      () => distributor.ask('/health/ready'),
      (answer) => /"assessment":\{[^}]*"status":"up"/.test(JSON.stringify(answer.body)),
    );
    expect(body).toMatchObject({ status: 503, error: { chain: { status: 'down' } } });
    expect((await distributor.ask('/api/v1/status')).status).toBe(200);
  });

  it('refuses books that are kept in other periods, and says how to change them', async () => {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const first = await start({ DATABASE_URL: database.url, PAYMENT_INTERVAL_SECONDS: '10' });
    await until(
      () => first.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    const second = await start({ DATABASE_URL: database.url, PAYMENT_INTERVAL_SECONDS: '20' });
    const refusal = await second.app.get(BooksOpening).refusal;
    expect(refusal.message).toContain('PAYMENT_INTERVAL_SECONDS=10');
    expect((await second.ask('/health/ready')).status).toBe(503);
  });

  it('is not ready any more while it ends, and says that it is ending', async () => {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const distributor = await start({ DATABASE_URL: database.url });
    await until(
      () => distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    distributor.app.get(BooksOpening).onModuleDestroy();
    expect(await distributor.ask('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { process: { status: 'down', message: expect.stringContaining('ending') } } },
    });
    expect((await distributor.ask('/health/live')).status).toBe(200);
  });
});
