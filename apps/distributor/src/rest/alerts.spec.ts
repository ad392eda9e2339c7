import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Alerts } from '#payments';
import { Database } from '#platform/database';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, nobody, page, record, type RestRig, startRestRig } from '../testing/rest-rig.js';

describe('REST: alerts', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
    const alerts = rig.distributor.app.get(Alerts);
    await rig.distributor.app.get(Database).transaction(async (tx) => {
      for (const number of [1, 2, 3]) {
        await alerts.raise(tx, {
          kind: 'worker_clock_skew',
          subject: `orchestrator/${number}`,
          text: `The clock of worker ${number} is off`,
          details: { skewMs: 7_000n },
        });
      }
      await alerts.raise(tx, { kind: 'worker_clock_skew', subject: 'orchestrator/1', text: 'Still off' });
      await alerts.resolve(tx, { kind: 'worker_clock_skew', subject: 'orchestrator/2' });
    });
  });

  afterAll(async () => {
    await rig.close();
  });

  const ours = (query: string) =>
    rig
      .itemsOf(`alerts?limit=200&${query}`)
      .then((items) => items.filter(({ kind }) => kind === 'worker_clock_skew'));

  it('are shown with what they are about, open and past', async () => {
    const all = await ours('');
    expect(all).toHaveLength(3);
    expect(all.find(({ subject }) => subject === 'orchestrator/3')).toEqual({
      id: expect.any(String),
      kind: 'worker_clock_skew',
      subject: 'orchestrator/3',
      state: 'open',
      text: 'The clock of worker 3 is off',
      details: { skew_ms: '7000' },
      opened_at: expect.stringMatching(/Z$/),
      last_seen_at: expect.stringMatching(/Z$/),
      seen_count: 1,
      resolved_at: null,
      severity: 'warning',
      notified_at: null,
      silenced_until: null,
      closed_by: null,
      closed_reason: null,
      runbook: 'docs/operations.md#worker_clock_skew',
    });
    expect(all.find(({ subject }) => subject === 'orchestrator/1')).toMatchObject({
      text: 'Still off',
      seen_count: 2,
    });
  });

  it('are chosen by their state', async () => {
    expect((await ours('state=open')).map(({ subject }) => subject).sort()).toEqual([
      'orchestrator/1',
      'orchestrator/3',
    ]);
    expect(await ours('state=resolved')).toMatchObject([
      { subject: 'orchestrator/2', state: 'resolved', resolved_at: expect.any(String) },
    ]);
    expect(fieldsOf(await rig.get('alerts?state=gone'))).toEqual(['state']);
    expect(fieldsOf(await rig.get('alerts?cursor=nonsense'))).toEqual(['cursor']);
  });

  it('are closed by hand, once, with a reason that is kept', async () => {
    const [open] = await ours('state=open&subject=orchestrator/3');
    const path = `alerts/${String(open?.id)}/close`;
    expect(fieldsOf(await rig.send('POST', path, { reason: '' }))).toEqual(['reason']);
    expect(await rig.send('POST', path, { reason: 'the clock is set' })).toMatchObject({
      status: 200,
      body: { state: 'resolved', closed_by: 'admin', closed_reason: 'the clock is set' },
    });
    expect((await rig.send('POST', path, { reason: 'again' })).status).toBe(409);
    expect((await rig.send('POST', `alerts/${nobody}/close`, { reason: 'who?' })).status).toBe(404);
    const audit = await rig.itemsOf('audit?limit=200');
    expect(audit.find(({ subject }) => subject === `alert/${String(open?.id)}`)).toMatchObject({
      actor: 'admin',
      action: 'alert closed',
      after: { reason: 'the clock is set' },
    });
  });

  it('are silenced by kind and subject until a time, and loudened again', async () => {
    const silence = { kind: 'worker_clock_skew', subject: 'orchestrator/1', reason: 'waiting for NTP' };
    expect(fieldsOf(await rig.send('POST', 'alerts/silences', silence))).toEqual(['ends_at']);
    const past = { ...silence, ends_at: '2020-01-01T00:00:00Z' };
    expect(fieldsOf(await rig.send('POST', 'alerts/silences', past))).toEqual(['ends_at']);
    const unknown = { ...silence, kind: 'nonsense', duration_seconds: 60 };
    expect(fieldsOf(await rig.send('POST', 'alerts/silences', unknown))).toEqual(['kind']);

    const made = await rig.send('POST', 'alerts/silences', { ...silence, duration_seconds: 3_600 });
    expect(made).toMatchObject({ status: 201, body: { ...silence, created_by: 'admin', ended_at: null } });
    const { id } = record.parse(made.body);
    expect(await ours('state=open&subject=orchestrator/1')).toMatchObject([
      { silenced_until: expect.stringMatching(/Z$/) },
    ]);
    expect(await rig.itemsOf('alerts/silences?state=active')).toMatchObject([{ id }]);
    const ended = await rig.send('DELETE', `alerts/silences/${String(id)}`);
    expect(ended).toMatchObject({ status: 200, body: { ended_by: 'admin' } });
    expect((await rig.send('DELETE', `alerts/silences/${String(id)}`)).status).toBe(409);
    expect((await rig.send('DELETE', `alerts/silences/${nobody}`)).status).toBe(404);
    expect(await rig.itemsOf('alerts/silences?state=active')).toEqual([]);
    expect(await rig.itemsOf('alerts/silences?state=past')).toMatchObject([{ id }]);
  });

  it('have no channel unless one is configured, and say so', async () => {
    expect((await rig.get('alerts/channels')).body).toEqual({ items: [] });
    expect((await rig.send('POST', 'alerts/test', {})).body).toMatchObject({ results: [] });
    expect(fieldsOf(await rig.send('POST', 'alerts/test', { channel: 'slack-0' }))).toEqual(['channel']);
    expect(await rig.itemsOf('alerts/deliveries')).toEqual([]);
  });

  it('can be walked page by page to the end, each once', async () => {
    const all = (await rig.itemsOf('alerts?limit=200')).map(({ id }) => id);
    const walked: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = page.parse((await rig.get(`alerts?limit=1${query}`)).body);
      walked.push(...answer.items.map(({ id }) => id));
      cursor = answer.next_cursor;
    } while (cursor !== null);
    expect(walked).toEqual(all);
  });
});
