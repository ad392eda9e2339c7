import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { bookServices } from '../../../testing/test-books.js';
import { minute, NoticesRig } from '../testing/notices-rig.js';

let rig: NoticesRig;

beforeAll(async () => {
  rig = await NoticesRig.open();
});
afterAll(() => rig.close());
beforeEach(() => rig.begin());

describe('who is told of an alert', () => {
  it('is told once that it opened, again after a while, and that it is over', async () => {
    await rig.raise();
    expect(await rig.told()).toEqual(['opened']);
    await rig.later(59 * minute);
    expect(await rig.told()).toEqual([]);
    await rig.later(minute);
    expect(await rig.told()).toEqual(['reminder']);
    await rig.resolve();
    expect(await rig.told()).toEqual([]);
    await rig.later(minute);
    expect(await rig.told()).toEqual(['resolved']);
    await rig.later(600 * minute);
    expect(await rig.told()).toEqual([]);
    // Each channel is told on its own.
    expect(await rig.told('b')).toEqual(['opened']);
    expect(await rig.told('b')).toEqual(['reminder']);
    expect(await rig.told('b')).toEqual(['resolved']);
  });

  it('is told of one that comes and goes as of one alert', async () => {
    await rig.raise();
    expect(await rig.told()).toEqual(['opened']);
    for (let time = 0; time < 5; time += 1) {
      await rig.resolve();
      await rig.later(minute / 2);
      await rig.raise();
      expect(await rig.told()).toEqual([]);
    }
    await rig.resolve();
    await rig.later(minute);
    expect(await rig.told()).toEqual(['resolved']);
  });

  it('is told of an announcement although it is over at once, and of nothing more', async () => {
    rig.key = { kind: 'payout_address_changed', subject: 'orchestrator/1' };
    await rig.raise();
    await rig.resolve();
    expect(await rig.told()).toEqual(['opened']);
    await rig.later(600 * minute);
    expect(await rig.told()).toEqual([]);
  });

  it('is told of what was open before there was a channel', async () => {
    await rig.raise();
    expect(await rig.notices.plan([])).toBe(0);
    expect(await rig.told()).toEqual(['opened']);
  });

  it('hears nothing during a silence, and of what is still open after it', async () => {
    const silence = { kind: 'service_down', subject: null, reason: 'moving house' } as const;
    const made = await rig.books.database.transaction((tx) =>
      rig.silences.create(tx, { ...silence, endsAt: new Date(rig.nowMs + 120 * minute) }, 'admin'),
    );
    await rig.raise();
    const other = { kind: 'worker_unreachable', subject: 'orchestrator/1' } as const;
    await rig.raise('away', other);
    expect(await rig.told()).toEqual(['opened']);
    expect((await rig.alerts.list({ state: 'open', kind: 'service_down' })).items).toMatchObject([
      { silencedUntil: made.endsAt, notifiedAt: null },
    ]);
    await rig.later(120 * minute);
    await rig.resolve(other);
    expect(await rig.told()).toEqual(['opened']);
  });

  it('hears again when a silence is ended by hand, which is written down', async () => {
    const silence = { kind: null, subject: rig.key.subject, reason: 'testing' };
    const { id } = await rig.books.database.transaction((tx) =>
      rig.silences.create(tx, { ...silence, endsAt: new Date(rig.nowMs + 120 * minute) }, 'admin'),
    );
    await rig.raise();
    expect(await rig.told()).toEqual([]);
    expect((await rig.silences.list({ state: 'active' })).items.map((each) => each.id)).toEqual([id]);
    await rig.silences.end(id, 'admin');
    await expect(rig.silences.end(id, 'admin')).rejects.toThrow('over already');
    expect(await rig.told()).toEqual(['opened']);
    const { audit } = bookServices(rig.books.database);
    expect((await audit.list({ subject: `silence/${id}` })).items).toMatchObject([
      { action: 'silence ended', actor: 'admin' },
      { action: 'alerts silenced', actor: 'admin' },
    ]);
  });

  it('hears who closed an alert by hand and why, and of the next one of its kind', async () => {
    rig.key = { kind: 'equivocation', subject: 'orchestrator/7' };
    await rig.raise();
    expect(await rig.told()).toEqual(['opened']);
    const [open] = (await rig.alerts.list({ state: 'open', kind: 'equivocation' })).items;
    const closed = await rig.alerts.close(open?.id ?? '', 'talked to them', 'admin');
    expect(closed).toMatchObject({
      closedBy: 'admin',
      closedReason: 'talked to them',
      resolvedAt: expect.any(Date),
    });
    await expect(rig.alerts.close(closed.id, 'again', 'admin')).rejects.toThrow('closed already');
    await rig.raise('once more');
    expect(await rig.told()).toEqual(['opened']);
  });
});
