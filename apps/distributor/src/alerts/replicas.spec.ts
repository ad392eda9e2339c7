import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { type AlertReceivers, startAlertReceivers } from '../testing/alert-receivers.js';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';

const channelTypes = ['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'];

describe('two distributors on one database', () => {
  let database: TestDatabase;
  let receivers: AlertReceivers;
  const distributors: RunningDistributor[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    receivers = await startAlertReceivers();
    for (let replica = 0; replica < 2; replica += 1) {
      const distributor = await startDistributor({
        ...receivers.environment,
        DATABASE_URL: database.url,
        ALERT_PATIENCE_SECONDS: '5',
      });
      distributors.push(distributor);
      await until(
        () => distributor.ask('/health/ready'),
        ({ status }) => status === 200,
      );
    }
  });

  afterAll(async () => {
    for (const distributor of distributors) await distributor.close();
    await receivers.close();
    await database.drop();
  });

  const pauses = (isOver: boolean) =>
    receivers.received.filter((each) => each.kinds.includes('settlement_paused') && each.isOver === isOver);

  it('tell of an alert and of its end once through each channel', async () => {
    const [one, other] = distributors;
    if (!one || !other) throw new Error('two');
    const token = await one.signIn();
    const body = { reason: 'two at once' };
    await one.ask('/api/v1/payouts/pause', { method: 'POST', token, body });
    await until(
      () => Promise.resolve(pauses(false)),
      (told) => told.length >= channelTypes.length,
    );
    await other.ask('/api/v1/payouts/resume', { method: 'POST', token: await other.signIn() });
    await until(
      () => Promise.resolve(pauses(true)),
      (told) => told.length >= channelTypes.length,
    );
    for (const isOver of [false, true]) {
      expect(
        pauses(isOver)
          .map(({ channel }) => channel)
          .sort(),
      ).toEqual([...channelTypes].sort());
      expect(new Set(pauses(isOver).flatMap(({ eventIds }) => eventIds)).size).toBe(1);
    }
    expect(receivers.faults).toEqual([]);
  });
});
