import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, nobody, type RestRig, startRestRig } from '../testing/rest-rig.js';

describe('REST: rates', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('are changed from a later period on, for one or for all, and listed', async () => {
    const { id } = await rig.create();
    const own = await rig.send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: '6' });
    expect(own.body).toMatchObject({ orchestrator_id: id, usd_per_minute: '6.000000', actor: 'admin' });

    const from = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000).toISOString();
    const general = await rig.send('PUT', 'rates/default', { usd_per_minute: '11.25', effective_from: from });
    expect(general.body).toMatchObject({
      orchestrator_id: null,
      usd_per_minute: '11.250000',
      effective_from: from,
    });

    expect((await rig.get(`orchestrators/${id}`)).body).toMatchObject({ rate_usd_per_minute: '6.000000' });
    const listed = await rig.itemsOf(`rates?orchestrator_id=${id}`);
    expect(listed).toEqual([own.body]);
    expect((await rig.send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: null })).body).toMatchObject({
      usd_per_minute: null,
    });
  });

  it.each([
    [
      'in the past',
      { usd_per_minute: '1', effective_from: '2020-01-01T00:00:00.000Z' },
      422,
      'effective_from',
    ],
    ['above the maximum', { usd_per_minute: '100.000001' }, 422, 'usd_per_minute'],
    ['below zero', { usd_per_minute: '-1' }, 400, 'usd_per_minute'],
    ['without an amount', {}, 400, 'usd_per_minute'],
    ['at a time that is none', { usd_per_minute: '1', effective_from: 'tomorrow' }, 400, 'effective_from'],
  ])('are refused %s', async (_case, body, status, field) => {
    const answer = await rig.send('PUT', 'rates/default', body);
    expect(answer.status).toBe(status);
    expect(fieldsOf(answer)).toEqual([field]);
  });

  it('answer 404 for an orchestrator that does not exist', async () => {
    expect((await rig.send('PUT', `orchestrators/${nobody}/rate`, { usd_per_minute: '1' })).status).toBe(404);
  });
});
