import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';
import { sourceOf } from './sign-in-guesses.js';

describe('guessing passwords', () => {
  let database: TestDatabase;
  const running: RunningDistributor[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    for (let replica = 0; replica < 2; replica += 1) {
      const distributor = await startDistributor({ DATABASE_URL: database.url });
      running.push(distributor);
      await until(
        () => distributor.ask('/health/ready'),
        ({ status }) => status === 200,
      );
    }
  });
  afterAll(async () => {
    for (const distributor of running) await distributor.close();
    await database.drop();
  });

  const guess = async (distributor: RunningDistributor | undefined) =>
    distributor?.ask('/api/v1/auth/login', { method: 'POST', body: { password: 'wrong' } });

  it('is counted over all replicas, so that five guesses are five', async () => {
    const [first, second] = running;
    for (const distributor of [first, second, first, second, first]) {
      expect((await guess(distributor))?.status).toBe(401);
    }
    const refused = await guess(second);
    expect(refused?.status).toBe(429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('counts %s as %s', (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});
