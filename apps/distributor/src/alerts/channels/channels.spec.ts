import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AlertEvent, type AlertEventName, alertKinds } from '#payments';
import { parseEnvironment } from '#platform';
import { randomUUID } from 'node:crypto';
import { distributorConfigSchema } from '../../distributor.config.js';
import { type AlertReceivers, startAlertReceivers } from '../../testing/alert-receivers.js';
import { type Channel, ChannelError } from './channel.js';
import { configuredChannels } from './configured-channels.js';
import { retryAfterMs } from './post-json.js';

let receivers: AlertReceivers;
let channels: Channel[];

beforeAll(async () => {
  receivers = await startAlertReceivers();
  const { alerts } = parseEnvironment(distributorConfigSchema, {
    ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
    ALERT_RUNBOOK_URL: 'https://docs.example/operations.md',
    ...receivers.environment,
  });
  channels = configuredChannels(alerts);
});
afterAll(() => receivers.close());
beforeEach(() => {
  receivers.received.length = 0;
});

const types = ['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'] as const;
const channel = (type: (typeof types)[number]): Channel => {
  const found = channels.find((each) => each.type === type);
  if (!found) throw new Error(`no ${type}`);
  return found;
};
const soon = () => AbortSignal.timeout(5_000);

function event(name: AlertEventName = 'opened', change: Partial<AlertEvent['alert']> = {}): AlertEvent {
  const isOver = name === 'resolved';
  return {
    id: randomUUID(),
    event: name,
    at: new Date(),
    alert: {
      id: randomUUID(),
      kind: 'service_down',
      severity: 'warning',
      subject: 'orchestrator/1/service/redis',
      title: 'A service is down',
      text: 'redis has had no up time',
      details: { service: 'redis' },
      opened_at: '2026-11-22T12:00:00.000Z',
      resolved_at: isOver ? '2026-11-22T12:05:00.000Z' : null,
      closed_by: null,
      closed_reason: null,
      ...change,
    },
  };
}

describe('alert channels', () => {
  it('are one for each address, with names that tell nothing of it', () => {
    expect(channels.map(({ type }) => type)).toEqual([...types]);
    for (const { id, target } of channels) {
      expect(id).toMatch(/^[a-z]+-[0-9a-f]{8}$/);
      expect(`${id} ${target}`).not.toMatch(/secret|password|T000/);
    }
  });

  it.each(types)('%s takes every event of every kind in the shape of its vendor', async (type) => {
    const names: AlertEventName[] = ['opened', 'reminder', 'resolved', 'test'];
    const events = alertKinds.flatMap((kind) => names.map((name) => event(name, { kind })));
    const { mostAtOnce } = channel(type);
    for (let start = 0; start < events.length; start += mostAtOnce)
      await channel(type).send(events.slice(start, start + mostAtOnce), soon());
    expect(receivers.faults).toEqual([]);
    expect(receivers.received.flatMap(({ eventIds }) => eventIds)).toEqual(events.map(({ id }) => id));
    expect(new Set(receivers.received.flatMap(({ kinds }) => kinds))).toEqual(new Set(alertKinds));
  });

  it.each(types)('%s bears texts that are too long, and signs that mean something to it', async (type) => {
    const evil = '<b>&amp; @everyone <!channel> *_`~|>#[x](http://evil) \r\nBcc: you@evil.example ';
    const long = event('opened', { text: evil.repeat(200), title: evil, subject: evil.repeat(5) });
    const { mostAtOnce } = channel(type);
    await channel(type).send(
      Array.from({ length: mostAtOnce }, () => ({ ...long, id: randomUUID() })),
      soon(),
    );
    expect(receivers.faults).toEqual([]);
    expect(receivers.received.flatMap(({ eventIds }) => eventIds)).toHaveLength(mostAtOnce);
    if (type === 'email') expect(receivers.received[0]?.text.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m);
  });

  it.each(types.filter((type) => type !== 'email'))(
    '%s says why it failed, without its address, and how long to wait',
    async (type) => {
      const refusal = { status: 429, headers: { 'retry-after': '7' }, body: '{"message":"slow\ndown"}' };
      receivers.refuse(type, [refusal]);
      const failure: unknown = await channel(type)
        .send([event()], soon())
        .catch((error: unknown) => error);
      if (!(failure instanceof ChannelError)) throw new Error('it did not fail');
      expect(failure.message).toMatch(/^127\.0\.0\.1:\d+ answered HTTP 429: \{"message":"slow down"\}$/);
      expect(failure.retryAfterMs).toBe(7_000);
    },
  );

  it('believes Telegram only when it says that it has taken the message', async () => {
    receivers.refuse('telegram', [{ status: 200, body: '<html>a captive portal</html>' }]);
    await expect(channel('telegram').send([event()], soon())).rejects.toThrow(ChannelError);
  });

  it('follows no redirect', async () => {
    receivers.refuse('webhook', [{ status: 302, headers: { location: 'http://169.254.169.254/' } }]);
    await expect(channel('webhook').send([event()], soon())).rejects.toThrow(/HTTP 302/);
  });

  it('gives up a channel that never answers when its time is over', async () => {
    const silent = configuredChannels({
      ...{ webhookUrls: ['http://192.0.2.1/hook/with-a-secret'], alertmanagerUrls: [] },
      ...{ webhookSecret: undefined, slackUrl: undefined, discordUrl: undefined, telegram: undefined },
      ...{ email: undefined, runbookUrl: undefined },
      settings: {
        downPeriods: 1,
        unpaidPeriods: 1,
        payoutStuckMs: 1,
        lagMs: 1,
        runwayHours: 1,
        patienceMs: 1,
        reminderMs: 1,
      },
    });
    const failure = await silent[0]?.send([event()], AbortSignal.timeout(50)).catch(String);
    expect(failure).toMatch(/192\.0\.2\.1/);
    expect(failure).not.toContain('secret');
  });

  it.each([
    ['7', '', 7_000],
    [undefined, '{"retry_after": 1.5}', 1_500],
    [undefined, '{"ok":false,"parameters":{"retry_after":30}}', 30_000],
    [undefined, 'later', undefined],
    ['soon', '', undefined],
  ])('reads how long to wait: %p %p', (header, text, expected) => {
    expect(retryAfterMs(header, text)).toBe(expected);
  });
});
