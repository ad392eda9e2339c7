import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { bookServices, openTestBooks, type TestBooks } from '../../../testing/test-books.js';
import type { AlertKey } from '../alert.js';
import type { Alerts } from '../alerts.js';
import { Silences } from '../silences.js';
import { Notices } from './notices.js';
import { Outbox } from './outbox.js';

const minute = 60_000;
const settings = { recoveryHoldMs: minute, reminderMs: 60 * minute };
const start = Date.parse('2026-11-22T12:00:00Z');

let books: TestBooks;
let alerts: Alerts;
let notices: Notices;
let outbox: Outbox;
let silences: Silences;
let nowMs = start;
let counter = 0;
let key: AlertKey;

beforeAll(async () => {
  books = await openTestBooks();
  const services = bookServices(books.database);
  ({ alerts } = services);
  notices = new Notices(books.database, settings);
  outbox = new Outbox(books.database);
  silences = new Silences(books.database, services.audit);
});
afterAll(() => books.close());

beforeEach(async () => {
  // What other tests left behind has been told and is over.
  await books.owner.query(
    'update payments.alert set resolved_at = coalesce(resolved_at, opened_at), recovery_told_at = now(), notified_at = now()',
  );
  await books.owner.query('delete from payments.alert_event');
  await later(7 * 86_400_000);
  counter += 1;
  key = { kind: 'service_down', subject: `orchestrator/${counter}/service/redis` };
});

async function later(ms: number): Promise<void> {
  nowMs += ms;
  await books.setClock(new Date(nowMs));
}
const raise = (text = 'down', at = key) =>
  books.database.transaction((tx) => alerts.raise(tx, { ...at, text }));
const resolve = (at = key) => books.database.transaction((tx) => alerts.resolve(tx, at));

/** What a channel is told now. */
async function told(channel = 'a'): Promise<string[]> {
  await notices.plan(['a', 'b']);
  const claimed = await outbox.claim(channel, 50);
  await outbox.delivered(
    channel,
    claimed.map(({ event }) => event.id),
  );
  return claimed.map(({ event }) => event.event);
}

describe('who is told of an alert', () => {
  it('is told once that it opened, again after a while, and that it is over', async () => {
    await raise();
    expect(await told()).toEqual(['opened']);
    await later(59 * minute);
    expect(await told()).toEqual([]);
    await later(minute);
    expect(await told()).toEqual(['reminder']);
    await resolve();
    expect(await told()).toEqual([]);
    await later(minute);
    expect(await told()).toEqual(['resolved']);
    await later(600 * minute);
    expect(await told()).toEqual([]);
    // Each channel is told on its own.
    expect(await told('b')).toEqual(['opened']);
    expect(await told('b')).toEqual(['reminder']);
    expect(await told('b')).toEqual(['resolved']);
  });

  it('is told of one that comes and goes as of one alert', async () => {
    await raise();
    expect(await told()).toEqual(['opened']);
    for (let time = 0; time < 5; time += 1) {
      await resolve();
      await later(minute / 2);
      await raise();
      expect(await told()).toEqual([]);
    }
    await resolve();
    await later(minute);
    expect(await told()).toEqual(['resolved']);
  });

  it('is told of an announcement although it is over at once, and of nothing more', async () => {
    key = { kind: 'payout_address_changed', subject: 'orchestrator/1' };
    await raise();
    await resolve();
    expect(await told()).toEqual(['opened']);
    await later(600 * minute);
    expect(await told()).toEqual([]);
  });

  it('is told of what was open before there was a channel', async () => {
    await raise();
    expect(await notices.plan([])).toBe(0);
    expect(await told()).toEqual(['opened']);
  });

  it('hears nothing during a silence, and of what is still open after it', async () => {
    const silence = { kind: 'service_down', subject: null, reason: 'moving house' } as const;
    const made = await books.database.transaction((tx) =>
      silences.create(tx, { ...silence, endsAt: new Date(nowMs + 120 * minute) }, 'admin'),
    );
    await raise();
    const other = { kind: 'worker_unreachable', subject: 'orchestrator/1' } as const;
    await raise('away', other);
    expect(await told()).toEqual(['opened']);
    expect((await alerts.list({ state: 'open', kind: 'service_down' })).items).toMatchObject([
      { silencedUntil: made.endsAt, notifiedAt: null },
    ]);
    await later(120 * minute);
    await resolve(other);
    expect(await told()).toEqual(['opened']);
  });

  it('hears again when a silence is ended by hand, which is written down', async () => {
    const silence = { kind: null, subject: key.subject, reason: 'testing' };
    const { id } = await books.database.transaction((tx) =>
      silences.create(tx, { ...silence, endsAt: new Date(nowMs + 120 * minute) }, 'admin'),
    );
    await raise();
    expect(await told()).toEqual([]);
    expect((await silences.list({ state: 'active' })).items.map((each) => each.id)).toEqual([id]);
    await silences.end(id, 'admin');
    await expect(silences.end(id, 'admin')).rejects.toThrow('over already');
    expect(await told()).toEqual(['opened']);
    const { audit } = bookServices(books.database);
    expect((await audit.list({ subject: `silence/${id}` })).items).toMatchObject([
      { action: 'silence ended', actor: 'admin' },
      { action: 'alerts silenced', actor: 'admin' },
    ]);
  });

  it('hears who closed an alert by hand and why, and of the next one of its kind', async () => {
    key = { kind: 'equivocation', subject: 'orchestrator/7' };
    await raise();
    expect(await told()).toEqual(['opened']);
    const [open] = (await alerts.list({ state: 'open', kind: 'equivocation' })).items;
    const closed = await alerts.close(open?.id ?? '', 'talked to them', 'admin');
    expect(closed).toMatchObject({
      closedBy: 'admin',
      closedReason: 'talked to them',
      resolvedAt: expect.any(Date),
    });
    await expect(alerts.close(closed.id, 'again', 'admin')).rejects.toThrow('closed already');
    await raise('once more');
    expect(await told()).toEqual(['opened']);
  });
});

describe('the outbox', () => {
  it('gives each event to one of several processes at once', async () => {
    const others = await Promise.all([books.anotherReplica(), books.anotherReplica()]);
    const subjects = Array.from({ length: 60 }, (_, index) => `orchestrator/${index}/service/x`);
    for (const subject of subjects) await raise('down', { ...key, subject });
    const planned = await Promise.all(
      [books.database, ...others].map((database) => new Notices(database, settings).plan(['a'])),
    );
    expect(planned.reduce((sum, each) => sum + each, 0)).toBe(60);
    const claimed = await Promise.all(
      [books.database, ...others].map((database) => new Outbox(database).claim('a', 50)),
    );
    const ids = claimed.flat().map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    ids.push(...(await outbox.claim('a', 50)).map(({ event }) => event.id));
    expect(new Set(ids).size).toBe(60);
  });

  it('gives an event again, with the same id, when whoever took it has died', async () => {
    await raise();
    await notices.plan(['a']);
    const [first] = await outbox.claim('a', 1);
    expect(await outbox.claim('a', 1)).toEqual([]);
    await later(61_000);
    const [again] = await outbox.claim('a', 1);
    expect(again).toEqual({ event: first?.event, attempts: 2 });
  });

  it('waits longer after each failure, at least as long as was asked, and gives up after a day, visibly', async () => {
    await raise();
    await notices.plan(['a']);
    const waits: number[] = [];
    let given: string[] = [];
    for (let attempt = 0; attempt < 200 && given.length === 0; attempt += 1) {
      const [claimed] = await outbox.claim('a', 1);
      if (!claimed) throw new Error('not due');
      given = await outbox.failed('a', [claimed.event.id], { error: 'HTTP 500' });
      const [delivery] = (await outbox.list({ channel: 'a' })).items;
      const wait = (delivery?.nextAttemptAt.getTime() ?? 0) - nowMs;
      waits.push(wait);
      await later(wait);
    }
    expect(waits[0]).toBeLessThanOrEqual(6_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(900_000 * 1.2);
    expect(waits.length).toBeLessThan(150);
    expect((await outbox.list({ status: 'failed' })).items).toMatchObject([
      { kind: 'service_down', channel: 'a', lastError: 'HTTP 500', event: 'opened' },
    ]);
    expect(await outbox.channels()).toMatchObject([{ channel: 'a', failed: 1, pending: 0 }]);
  });

  it('waits at least as long as the channel asked for', async () => {
    await raise();
    await notices.plan(['b']);
    const [asked] = await outbox.claim('b', 1);
    await outbox.failed('b', [asked?.event.id ?? ''], { error: 'HTTP 429', retryAfterMs: 120_000 });
    await later(119_000);
    expect(await outbox.claim('b', 1)).toEqual([]);
    await later(2_000);
    expect(await outbox.claim('b', 1)).toHaveLength(1);
  });

  it('never lets the end of an alert overtake its beginning', async () => {
    await raise();
    await notices.plan(['a']);
    await resolve();
    await later(minute);
    await notices.plan(['a']);
    const [opened] = await outbox.claim('a', 50);
    await outbox.failed('a', [opened?.event.id ?? ''], { error: 'HTTP 500' });
    expect(await outbox.claim('a', 50)).toEqual([]);
    await later(10_000);
    expect(await told()).toEqual(['opened']);
    expect(await told()).toEqual(['resolved']);
  });

  it('gives up what is addressed to a channel that is gone, and forgets old events', async () => {
    await raise();
    await notices.plan(['gone']);
    await later(26 * 3_600_000);
    expect(await outbox.sweep()).toBe(1);
    expect((await outbox.list({ status: 'failed' })).items).toMatchObject([
      { channel: 'gone', lastError: 'the channel is not configured any more' },
    ]);
    await later(91 * 86_400_000);
    await outbox.sweep();
    expect((await outbox.list()).items).toEqual([]);
  });

  it('is walked page by page, each delivery once', async () => {
    for (const n of [1, 2, 3]) await raise('down', { ...key, subject: `orchestrator/${n}/service/z` });
    await notices.plan(['a', 'b']);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await outbox.list({ limit: 1, cursor });
      seen.push(...page.items.map(({ eventId, channel }) => `${eventId} ${channel}`));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(6);
    expect(seen).toHaveLength(6);
  });
});
