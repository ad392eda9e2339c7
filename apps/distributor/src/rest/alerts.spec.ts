import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Alerts } from '#payments';
import { Database } from '#platform/database';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, page, type RestRig, startRestRig } from '../testing/rest-rig.js';

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
