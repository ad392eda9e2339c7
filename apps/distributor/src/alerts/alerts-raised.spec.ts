import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AlertKind } from '#payments';
import { ReportSigner } from '#monitoring';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { DataSource } from 'typeorm';
import { type AlertReceivers, startAlertReceivers } from '../testing/alert-receivers.js';
import { type BadWorker, type Misbehaviour, startBadWorker } from '../testing/bad-worker.js';
import { Door } from '../testing/door.js';
import { page, payoutAddress, record, otherAddress } from '../testing/rest-rig.js';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';

const services = ['autogen_agent', 'redis_scb'];
const stranger = ReportSigner.fromPrivateKey('17'.repeat(32));

/** What a worker may do instead of its duty. */
const faults = {
  service_down: ({ honest, sign }, response) => {
    const [agent, redis] = honest.services;
    if (!agent || !redis) throw new Error('two services');
    response.end(sign({ services: [agent, { ...redis, upMs: 0n, downMs: redis.upMs }], allUpMs: 0n }));
  },
  worker_unreachable: (_asked, response) => response.destroy(),
  wrong_worker: ({ sign }, response) => response.end(sign({}, stranger)),
  worker_clock_skew: ({ sign, honest }, response) =>
    response.end(sign({ issuedAtMs: honest.issuedAtMs + 10_000n })),
  shared_stack: ({ sign, honest }, response) =>
    response.end(
      sign({
        engineId: 'engine of all',
        services: honest.services.map((each) => ({ ...each, containerIds: [`${each.name} of all`] })),
      }),
    ),
  orchestrator_unpaid: ({ sign }, response) =>
    response.end(sign().replace(/"signature":"0x../, '"signature":"0x00')),
  equivocation: ({ sign, honest }, response) => {
    // Good enough to be paid, and another time with each question.
    const downMs = BigInt(1 + Math.floor(Math.random() * 20));
    const services = honest.services.map((each) => ({ ...each, upMs: each.upMs - downMs, downMs }));
    response.end(sign({ services, allUpMs: honest.allUpMs - downMs }));
  },
} satisfies Partial<Record<AlertKind, Misbehaviour>>;
type Fault = keyof typeof faults;
const isFault = (name: string): name is Fault => Object.hasOwn(faults, name);
const everyFault = Object.keys(faults).filter(isFault);

/** So many answer twice differently that one is asked twice within a few seconds: one question in sixteen is. */
const liars = 8;
const channelTypes = ['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'];

describe('alerts of a distributor', () => {
  let database: TestDatabase;
  let owner: DataSource;
  let door: Door;
  let receivers: AlertReceivers;
  let distributor: RunningDistributor;
  let token: string;
  const workers: BadWorker[] = [];
  /** What was told before this test does not count. */
  let mark = 0;
  const misbehaving = new Set<Fault | 'everybody'>();

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    const url = new URL(database.url);
    door = await Door.to({ host: url.hostname, port: Number(url.port) });
    await door.open();
    url.hostname = '127.0.0.1';
    url.port = String(door.port);
    receivers = await startAlertReceivers();
    distributor = await startDistributor({
      ...receivers.environment,
      DATABASE_URL: url.href,
      PAYMENT_INTERVAL_SECONDS: '1',
      REQUIRED_SERVICES: services.join(','),
      EVIDENCE_GRACE_SECONDS: '2',
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      MAX_PAYOUT_USD: '20',
      ALERT_DOWN_PERIODS: '2',
      ALERT_UNPAID_PERIODS: '3',
      ALERT_PATIENCE_SECONDS: '1',
      ALERT_LAG_SECONDS: '5',
      ALERT_REMINDER_SECONDS: '0',
    });
    await until(
      () => distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    token = await distributor.signIn();
    await employ('good', () => undefined);
    for (const fault of everyFault) {
      const count = fault === 'equivocation' ? liars : 1;
      for (let index = 0; index < count; index += 1) await employ(`${fault} ${index}`, () => fault);
    }
  });

  afterAll(async () => {
    await distributor.close();
    for (const worker of workers) await worker.close();
    await receivers.close();
    await door.remove();
    await owner.destroy();
    await database.drop();
  });

  beforeEach(() => {
    mark = receivers.received.length;
  });

  /** An orchestrator whose worker does its duty until its fault is switched on. */
  async function employ(name: string, faultOf: () => Fault | undefined): Promise<void> {
    const worker = await startBadWorker(services, (asked, response) => {
      const fault = faultOf();
      if (misbehaving.has('everybody')) response.destroy();
      else if (fault !== undefined && misbehaving.has(fault)) faults[fault](asked, response);
      else if (name === 'good') faults.shared_stack(asked, response);
      else response.end(asked.sign());
    });
    workers.push(worker);
    await ask('POST', 'orchestrators', {
      name,
      service_uri: `https://o-${workers.length}.example:9995`,
      worker_url: worker.url,
      worker_address: worker.address,
      payout_address: payoutAddress,
    });
  }

  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await distributor.ask(`/api/v1/${path}`, { method, token, body });
    expect(answer.status).toBeLessThan(300);
    return answer;
  };
  const close = (id: string) => ask('POST', `alerts/${id}/close`, { reason: 'talked to the operator' });
  const open = async () => page.parse((await ask('GET', 'alerts?state=open&limit=200')).body).items;
  const openKinds = async () => [...new Set((await open()).map(({ kind }) => String(kind)))].sort();

  /** Every channel has told of these kinds, as begun or as over. */
  async function told(kinds: readonly AlertKind[], isOver: boolean): Promise<void> {
    await until(
      () => Promise.resolve(missing(kinds, isOver)),
      (absent) => absent.length === 0,
    );
    expect(receivers.faults).toEqual([]);
  }
  const missing = (kinds: readonly AlertKind[], isOver: boolean) =>
    kinds.flatMap((kind) =>
      channelTypes
        .filter(
          (channel) =>
            !receivers.received
              .slice(mark)
              .some(
                (each) => each.channel === channel && each.isOver === isOver && each.kinds.includes(kind),
              ),
        )
        .map((channel) => `${kind} by ${channel}`),
    );

  it('tell of every bad worker by its own cause through every channel, and of its recovery', async () => {
    await until(openKinds, (kinds) => kinds.length === 0);
    // A stack belongs to who was first paid with it.
    const everybody = page.parse((await ask('GET', 'orchestrators?limit=200')).body).items;
    const good = everybody.find(({ name }) => name === 'good');
    await until(
      () => ask('GET', `assessments?decision=paid&orchestrator_id=${String(good?.id)}&limit=1`),
      ({ body }) => page.parse(body).items.length > 0,
    );
    for (const fault of everyFault) misbehaving.add(fault);
    await told(everyFault, false);
    // One alert for each root cause: who is unpaid for a reason that is told is not told as unpaid too.
    const about = (await open()).map(({ kind, subject }) => `${String(kind)} ${String(subject)}`);
    expect(about.filter((each) => each.startsWith('orchestrator_unpaid'))).toHaveLength(1);
    expect(about.filter((each) => each.startsWith('service_down'))).toHaveLength(1);
    expect(about.filter((each) => each.startsWith('worker_unreachable'))).toHaveLength(1);

    misbehaving.clear();
    const byItself = everyFault.filter((fault) => fault !== 'equivocation');
    await told(byItself, true);
    // What was signed twice is not undone by good reports: a person closes it.
    const lies = page.parse((await ask('GET', 'alerts?state=open&kind=equivocation')).body).items;
    expect(lies.length).toBeGreaterThan(0);
    for (const { id } of lies) await close(String(id));
    await told(['equivocation'], true);
    expect((await openKinds()).filter((kind) => kind !== 'late_evidence')).toEqual([]);
  });

  it('tell of what all silent workers have in common, once, and of none of them', async () => {
    misbehaving.add('everybody');
    await told(['evidence_source_down'], false);
    // Until it is over: whoever is asked again late after it may be told by itself.
    const kinds = receivers.received.slice(mark).flatMap((each) => each.kinds);
    expect(new Set(kinds)).not.toContain('worker_unreachable');
    expect(new Set(kinds)).not.toContain('orchestrator_unpaid');
    misbehaving.clear();
    await told(['evidence_source_down'], true);
  });

  it('tell of held payouts, of the emergency stop and of a changed address', async () => {
    const [someone] = page.parse((await ask('GET', 'orchestrators?limit=1')).body).items;
    const id = String(someone?.id);
    await ask('POST', 'adjustments', { orchestrator_id: id, amount_usd: '100.000000', reason: 'a test' });
    await ask('POST', 'payouts/run');
    await ask('POST', 'payouts/pause', { reason: 'looking at it' });
    await ask('PATCH', `orchestrators/${id}`, { payout_address: otherAddress });
    await told(['payout_held', 'settlement_paused', 'payout_address_changed'], false);
    await ask('POST', 'payouts/resume');
    const held = page.parse((await ask('GET', 'payments?status=held&limit=10')).body).items;
    for (const payment of held) await ask('POST', `payments/${String(payment.id)}/release`);
    await told(['payout_held', 'settlement_paused'], true);
  });

  it('are repeated with the same id until a channel takes them, and a failing channel is seen', async () => {
    const { items } = record.parse((await ask('GET', 'alerts/channels')).body);
    expect(items).toHaveLength(channelTypes.length);
    receivers.refuse('slack', [{ status: 500, body: 'no_service' }]);
    await ask('POST', 'payouts/pause', { reason: 'again' });
    const deliveries = await until(
      async () => page.parse((await ask('GET', 'alerts/deliveries?status=pending')).body).items,
      (pending) =>
        pending.some(({ kind, last_error: error }) => kind === 'settlement_paused' && error !== null),
    );
    const failing = deliveries.filter(
      ({ kind, last_error: error }) => kind === 'settlement_paused' && error !== null,
    );
    expect(failing).toMatchObject([
      { event: 'opened', attempts: 1, last_error: expect.stringContaining('HTTP 500') },
    ]);
    const eventId = String(failing[0]?.event_id);
    const { body: metrics } = await distributor.ask('/metrics');
    expect(metrics).toMatch(
      /distributor_alert_deliveries_total\{channel="slack-[0-9a-f]{8}",event="opened",outcome="failed"\} 1/,
    );
    await until(
      () => Promise.resolve(receivers.received.slice(mark).filter((each) => each.eventIds.includes(eventId))),
      (told) => told.some(({ channel }) => channel === 'slack') && told.length >= channelTypes.length,
    );
    await ask('POST', 'payouts/resume');
    expect(distributor.log.join('')).toContain('alerts not delivered');
    for (const secret of [
      'slack-secret',
      'discord-secret',
      'telegram-secret',
      'mail password',
      'mail%20password',
    ])
      expect(distributor.log.join('')).not.toContain(secret);
  });

  it('can be tried by a message that says that it is a test', async () => {
    receivers.refuse('discord', [{ status: 404, body: '{"message": "Unknown Webhook", "code": 10015}' }]);
    const { body } = await ask('POST', 'alerts/test', {});
    const { event_id: eventId, results } = record.parse(body);
    expect(results).toHaveLength(channelTypes.length);
    expect(results).toContainEqual({
      channel: expect.stringMatching(/^discord-/),
      delivered: false,
      error: expect.stringContaining('HTTP 404: {"message": "Unknown Webhook"'),
    });
    const tests = receivers.received.filter((each) => each.eventIds.includes(String(eventId)));
    expect(tests.map(({ channel }) => channel).sort()).toEqual(
      channelTypes.filter((channel) => channel !== 'discord').sort(),
    );
  });

  it('tell of evidence that came too late until a person has decided about it', async () => {
    misbehaving.add('worker_unreachable');
    await told(['worker_unreachable'], false);
    await until(
      () => owner.query<unknown[]>('select 1 from payments.late_request'),
      ({ length }) => length > 0,
    );
    misbehaving.clear();
    await told(['worker_unreachable'], true);
    // An earlier test may have lost periods too, and have been told of them.
    mark = 0;
    await until(
      async () => {
        // The first question for what was given up comes a minute after the decision: as if it had passed.
        await owner.query(
          'update payments.late_request set next_attempt_at = payments.clock() where attempts = 0',
        );
        return missing(['late_evidence'], false);
      },
      (absent) => absent.length === 0,
    );
    const late = page.parse((await ask('GET', 'alerts?state=open&kind=late_evidence')).body).items;
    for (const { id } of late) await close(String(id));
    await told(['late_evidence'], true);
  });

  it('tell that periods wait for us while the books cannot be written, and of nothing that follows from it', async () => {
    const lock = owner.createQueryRunner();
    await lock.startTransaction();
    await lock.query('lock table payments.assessment in exclusive mode');
    await told(['assessment_lagging'], false);
    await lock.rollbackTransaction();
    await lock.release();
    await told(['assessment_lagging'], true);
  });

  it('tell that the database is away although nothing can be written, and keep that for later', async () => {
    await door.shut();
    await told(['database_unavailable'], false);
    await door.open();
    await told(['database_unavailable'], true);
    const others = receivers.received
      .slice(mark)
      .flatMap((each) => each.kinds)
      .filter((kind) => !['database_unavailable', 'assessment_lagging'].includes(kind));
    expect(others).toEqual([]);
    const past = await until(
      async () => page.parse((await ask('GET', 'alerts?kind=database_unavailable')).body).items,
      (items) => items.length > 0,
    );
    expect(past[0]).toMatchObject({ state: 'resolved', severity: 'critical' });
  });
});
