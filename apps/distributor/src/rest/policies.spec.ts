import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, nobody, type RestRig, startRestRig } from '../testing/rest-rig.js';

describe('REST: policies', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('are versions with their own start, for one or for all', async () => {
    const { id } = await rig.create();
    const answer = await rig.send('POST', 'policies', {
      orchestrator_id: id,
      min_uptime: 90.25,
      aggregation: 'all',
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        orchestrator_id: id,
        min_uptime: 90.25,
        aggregation: 'all',
        required_services: null,
        actor: 'admin',
      },
    });
    expect(await rig.itemsOf(`policies?orchestrator_id=${id}`)).toEqual([answer.body]);
    expect((await rig.get(`orchestrators/${id}`)).body).toMatchObject({
      min_uptime: 90.25,
      aggregation: 'all',
    });
  });

  it('refuse what makes no sense', async () => {
    expect(fieldsOf(await rig.send('POST', 'policies', { aggregation: 'median' }))).toEqual(['aggregation']);
    expect((await rig.send('POST', 'policies', { min_uptime: null })).status).toBe(422);
    expect((await rig.send('POST', 'policies', { orchestrator_id: nobody, min_uptime: 90 })).status).toBe(
      404,
    );
    const past = await rig.send('POST', 'policies', {
      min_uptime: 90,
      effective_from: '2020-01-01T00:00:00.000Z',
    });
    expect(past.status).toBe(422);
    expect(fieldsOf(past)).toEqual(['effective_from']);
  });
});
