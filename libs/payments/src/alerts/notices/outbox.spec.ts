import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { minute, NoticesRig, settings } from '../testing/notices-rig.js';
import { Notices } from './notices.js';
import { Outbox } from './outbox.js';

let rig: NoticesRig;

beforeAll(async () => {
  rig = await NoticesRig.open();
});
afterAll(() => rig.close());
beforeEach(() => rig.begin());

describe('the outbox', () => {
  it('gives each event to one of several processes at once', async () => {
    const others = await Promise.all([rig.books.anotherReplica(), rig.books.anotherReplica()]);
    const subjects = Array.from({ length: 60 }, (_, index) => `orchestrator/${index}/service/x`);
    await rig.raise('down', ...subjects.map((subject) => ({ ...rig.key, subject })));
    const planned = await Promise.all(
      [rig.books.database, ...others].map((database) => new Notices(database, settings).plan(['a'])),
    );
    expect(planned.reduce((sum, each) => sum + each, 0)).toBe(60);
    const claimed = await Promise.all(
      [rig.books.database, ...others].map((database) => new Outbox(database).claim('a', 50)),
    );
    const ids = claimed.flat().map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    ids.push(...(await rig.outbox.claim('a', 50)).map(({ event }) => event.id));
    expect(new Set(ids).size).toBe(60);
  });

  it('gives an event again, with the same id, when whoever took it has died', async () => {
    await rig.raise();
    await rig.notices.plan(['a']);
    const [first] = await rig.outbox.claim('a', 1);
    expect(await rig.outbox.claim('a', 1)).toEqual([]);
    await rig.later(61_000);
    const [again] = await rig.outbox.claim('a', 1);
    expect(again).toEqual({ event: first?.event, attempts: 2 });
  });

  it('waits longer after each failure, at least as long as was asked, and gives up after a day, visibly', async () => {
    await rig.raise();
    await rig.notices.plan(['a']);
    const waits: number[] = [];
    let given: string[] = [];
    for (let attempt = 0; attempt < 200 && given.length === 0; attempt += 1) {
      const [claimed] = await rig.outbox.claim('a', 1);
      if (!claimed) throw new Error('not due');
      given = await rig.outbox.failed('a', [claimed.event.id], { error: 'HTTP 500' });
      const [delivery] = (await rig.outbox.list({ channel: 'a' })).items;
      const wait = (delivery?.nextAttemptAt.getTime() ?? 0) - rig.nowMs;
      waits.push(wait);
      await rig.later(wait);
    }
    expect(waits[0]).toBeLessThanOrEqual(6_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(900_000 * 1.2);
    expect(waits.length).toBeLessThan(150);
    expect((await rig.outbox.list({ status: 'failed' })).items).toMatchObject([
      { kind: 'service_down', channel: 'a', lastError: 'HTTP 500', event: 'opened' },
    ]);
    expect(await rig.outbox.channels()).toMatchObject([{ channel: 'a', failed: 1, pending: 0 }]);
  });

  it('waits at least as long as the channel asked for', async () => {
    await rig.raise();
    await rig.notices.plan(['b']);
    const [asked] = await rig.outbox.claim('b', 1);
    await rig.outbox.failed('b', [asked?.event.id ?? ''], { error: 'HTTP 429', retryAfterMs: 120_000 });
    await rig.later(119_000);
    expect(await rig.outbox.claim('b', 1)).toEqual([]);
    await rig.later(2_000);
    expect(await rig.outbox.claim('b', 1)).toHaveLength(1);
  });

  it('never lets the end of an alert overtake its beginning', async () => {
    await rig.raise();
    await rig.notices.plan(['a']);
    await rig.resolve();
    await rig.later(minute);
    await rig.notices.plan(['a']);
    const [opened] = await rig.outbox.claim('a', 50);
    await rig.outbox.failed('a', [opened?.event.id ?? ''], { error: 'HTTP 500' });
    expect(await rig.outbox.claim('a', 50)).toEqual([]);
    await rig.later(10_000);
    expect(await rig.told()).toEqual(['opened']);
    expect(await rig.told()).toEqual(['resolved']);
  });

  it('gives up what is addressed to a channel that is gone, and forgets old events', async () => {
    await rig.raise();
    await rig.notices.plan(['gone']);
    await rig.later(26 * 3_600_000);
    expect(await rig.outbox.sweep()).toBe(1);
    expect((await rig.outbox.list({ status: 'failed' })).items).toMatchObject([
      { channel: 'gone', lastError: 'the channel is not configured any more' },
    ]);
    await rig.later(91 * 86_400_000);
    await rig.outbox.sweep();
    expect((await rig.outbox.list()).items).toEqual([]);
  });

  it('is walked page by page, each delivery once', async () => {
    for (const n of [1, 2, 3])
      await rig.raise('down', { ...rig.key, subject: `orchestrator/${n}/service/z` });
    await rig.notices.plan(['a', 'b']);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await rig.outbox.list({ limit: 1, cursor });
      seen.push(...page.items.map(({ eventId, channel }) => `${eventId} ${channel}`));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(6);
    expect(seen).toHaveLength(6);
  });
});
