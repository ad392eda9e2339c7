import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import {
  adminPassword,
  type RunningDistributor,
  startDistributor,
  until,
} from '../testing/running-distributor.js';

const guesser = '203.0.113.9';
const owner = '198.51.100.4';

describe('the client that wrong passwords are counted for', () => {
  let database: TestDatabase;
  let distributor: RunningDistributor | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await distributor?.close();
    await database.drop();
  });

  async function start(environment: Record<string, string> = {}): Promise<RunningDistributor> {
    const started = await startDistributor({ DATABASE_URL: database.url, ...environment });
    distributor = started;
    await until(
      () => started.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    return started;
  }
  const logIn = async (to: RunningDistributor, forwardedFor: string, password = 'wrong') => {
    const headers = { 'x-forwarded-for': forwardedFor };
    return (await to.ask('/api/v1/auth/login', { method: 'POST', headers, body: { password } })).status;
  };
  async function guessOften(to: RunningDistributor, forwardedFor: (turn: number) => string) {
    for (let turn = 1; turn <= 5; turn += 1) expect(await logIn(to, forwardedFor(turn))).toBe(401);
  }

  it('is the one that a trusted proxy names, so that nobody else behind it has to wait', async () => {
    const behindProxy = await start({ TRUSTED_PROXIES: '127.0.0.1' });
    await guessOften(behindProxy, () => guesser);
    expect(await logIn(behindProxy, guesser, adminPassword)).toBe(429);
    expect(await logIn(behindProxy, owner, adminPassword)).toBe(200);
    expect(behindProxy.log.join('')).toContain(`"address":"${guesser}"`);
  });

  it('is who the proxy saw, whatever the client claims before that', async () => {
    const behindProxy = await start({ TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.7' });
    await guessOften(behindProxy, (turn) => `192.0.2.${turn}, ${guesser}, 10.0.0.7`);
    expect(await logIn(behindProxy, `${owner}, ${guesser}`, adminPassword)).toBe(429);
    expect(await logIn(behindProxy, `${guesser}, ${owner}`, adminPassword)).toBe(200);
  });

  it.each([{}, { TRUSTED_PROXIES: '10.0.0.7' }])(
    'is the other end of the connection when that is no trusted proxy (%j)',
    async (environment) => {
      const alone = await start(environment);
      await guessOften(alone, (turn) => `192.0.2.${turn}`);
      expect(await logIn(alone, owner, adminPassword)).toBe(429);
      expect(alone.log.join('')).not.toContain('192.0.2.');
    },
  );
});
