import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { DataSource } from 'typeorm';
import { Door } from '../testing/door.js';
import { otherAddress, payoutAddress, record, services } from '../testing/rest-rig.js';
import { type SigningWorker, startSigningWorker } from '../testing/signing-worker.js';
import { AlertRig, channelTypes } from './testing/alert-rig.js';

describe('alerts of a distributor', () => {
  let database: TestDatabase;
  let owner: DataSource;
  let door: Door;
  let worker: SigningWorker;
  let rig: AlertRig;

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    const url = new URL(database.url);
    door = await Door.to({ host: url.hostname, port: Number(url.port) });
    await door.open();
    url.hostname = '127.0.0.1';
    url.port = String(door.port);
    worker = await startSigningWorker(services);
    rig = await AlertRig.start({
      DATABASE_URL: url.href,
      PAYMENT_INTERVAL_SECONDS: '1',
      REQUIRED_SERVICES: services.join(','),
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      WORKER_URL: worker.url,
      PAYOUT_ADDRESSES: payoutAddress,
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      MAX_PAYOUT_USD: '20',
      ALERT_PATIENCE_SECONDS: '1',
      ALERT_LAG_SECONDS: '3',
      ALERT_REMINDER_SECONDS: '0',
    });
    await rig.until(
      () => rig.distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
  });

  afterAll(async () => {
    await rig.close();
    await worker.close();
    await door.remove();
    await owner.destroy();
    await database.drop();
  });

  beforeEach(async () => {
    // What another test began is over, and what it was told does not count.
    await rig.until(
      () => rig.openKinds(),
      (kinds) => kinds.length === 0,
    );
    rig.begin();
  });

  it('tell of held payouts, of the emergency stop and of a changed address', async () => {
    const [someone] = await rig.itemsOf('orchestrators?limit=1');
    const id = String(someone?.id);
    await rig.ask('POST', 'adjustments', { orchestrator_id: id, amount_usd: '100.000000', reason: 'a test' });
    await rig.ask('POST', 'payouts/run');
    await rig.ask('POST', 'payouts/pause', { reason: 'looking at it' });
    await rig.ask('PATCH', `orchestrators/${id}`, { payout_address: otherAddress });
    await rig.told(['payout_held', 'settlement_paused', 'payout_address_changed'], false);
    await rig.ask('POST', 'payouts/resume');
    const held = await rig.itemsOf('payments?status=held&limit=10');
    for (const payment of held) await rig.ask('POST', `payments/${String(payment.id)}/release`);
    await rig.told(['payout_held', 'settlement_paused'], true);
  });

  it('are repeated with the same id until a channel takes them, and a failing channel is seen', async () => {
    const { items } = record.parse((await rig.ask('GET', 'alerts/channels')).body);
    expect(items).toHaveLength(channelTypes.length);
    rig.receivers.refuse('slack', [{ status: 500, body: 'no_service' }]);
    await rig.ask('POST', 'payouts/pause', { reason: 'again' });
    const isFailing = ({ kind, last_error: error }: Record<string, unknown>) =>
      kind === 'settlement_paused' && error !== null;
    const deliveries = await rig.until(
      () => rig.itemsOf('alerts/deliveries?status=pending'),
      (pending) => pending.some(isFailing),
    );
    const failing = deliveries.filter(isFailing);
    expect(failing).toMatchObject([
      { event: 'opened', attempts: 1, last_error: expect.stringContaining('HTTP 500') },
    ]);
    const eventId = String(failing[0]?.event_id);
    const { body: metrics } = await rig.distributor.ask('/metrics');
    expect(metrics).toMatch(
      /distributor_alert_deliveries_total\{channel="slack-[0-9a-f]{8}",event="opened",outcome="failed"\} 1/,
    );
    // As if the wait before the second attempt were over.
    await owner.query(
      `update payments.alert_delivery set next_attempt_at = payments.clock() where status = 'pending' and attempts = 1`,
    );
    await rig.until(
      () => Promise.resolve(rig.received.filter((each) => each.eventIds.includes(eventId))),
      (told) => told.some(({ channel }) => channel === 'slack') && told.length >= channelTypes.length,
    );
    await rig.ask('POST', 'payouts/resume');
    expect(rig.distributor.log.join('')).toContain('alerts not delivered');
    for (const secret of [
      'slack-secret',
      'discord-secret',
      'telegram-secret',
      'mail password',
      'mail%20password',
    ])
      expect(rig.distributor.log.join('')).not.toContain(secret);
  });

  it('can be tried by a message that says that it is a test', async () => {
    const refusal = { status: 404, body: '{"message": "Unknown Webhook", "code": 10015}' };
    rig.receivers.refuse('discord', [refusal]);
    const { body } = await rig.ask('POST', 'alerts/test', {});
    const { event_id: eventId, results } = record.parse(body);
    expect(results).toHaveLength(channelTypes.length);
    expect(results).toContainEqual({
      channel: expect.stringMatching(/^discord-/),
      delivered: false,
      error: expect.stringContaining('HTTP 404: {"message": "Unknown Webhook"'),
    });
    const tests = rig.received.filter((each) => each.eventIds.includes(String(eventId)));
    expect(tests.map(({ channel }) => channel).sort()).toEqual(
      channelTypes.filter((channel) => channel !== 'discord').sort(),
    );
  });

  it('tell that periods wait for us while the books cannot be written, and of nothing that follows from it', async () => {
    const lock = owner.createQueryRunner();
    await lock.startTransaction();
    await lock.query('lock table payments.assessment in exclusive mode');
    await rig.told(['assessment_lagging'], false);
    await lock.rollbackTransaction();
    await lock.release();
    await rig.told(['assessment_lagging'], true);
    expect([...rig.kindsBegun]).toEqual(['assessment_lagging']);
  });

  it('tell that the database is away although nothing can be written, and keep that for later', async () => {
    await door.shut();
    await rig.told(['database_unavailable'], false);
    await door.open();
    await rig.told(['database_unavailable'], true);
    const others = [...rig.kindsBegun].filter(
      (kind) => !['database_unavailable', 'assessment_lagging'].includes(kind),
    );
    expect(others).toEqual([]);
    const past = await rig.until(
      () => rig.itemsOf('alerts?kind=database_unavailable'),
      ({ length }) => length > 0,
    );
    expect(past[0]).toMatchObject({ state: 'resolved', severity: 'critical' });
  });
});
