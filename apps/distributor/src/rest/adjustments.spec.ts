import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, nobody, page, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { viewerPassword } from '../testing/running-distributor.js';

describe('REST: adjustments', () => {
  let rig: RestRig;
  let id: string;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
    ({ id } = await rig.create());
  });

  afterAll(async () => {
    await rig.close();
  });

  const adjust = (change: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    rig.distributor.ask('/api/v1/adjustments', {
      method: 'POST',
      token: rig.token,
      headers,
      body: { orchestrator_id: id, amount_usd: '-1.5', reason: 'a test', ...change },
    });
  const balanceOf = async (orchestratorId: string) =>
    (await rig.itemsOf('balances')).find((item) => item.orchestrator_id === orchestratorId);

  it('are booked, shown, audited and counted in the balance', async () => {
    const answer = await adjust();
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      orchestrator_id: id,
      amount_usd: '-1.500000',
      reason: 'a test',
      actor: 'admin',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      payable_after_usd: '-1.500000',
    });
    expect(await balanceOf(id)).toMatchObject({ adjusted_usd: '-1.500000', payable_usd: '-1.500000' });
    expect(await rig.itemsOf(`adjustments?orchestrator_id=${id}`)).toEqual([answer.body]);
    const [entry] = await rig.itemsOf('audit?limit=1');
    expect(entry).toMatchObject({ action: 'balance adjusted', actor: 'admin', after: { reason: 'a test' } });
  });

  it('are one under one key, and refused with other content', async () => {
    const other = await rig.create();
    const key = { 'idempotency-key': 'credit note 2026/42 ~ "x"' };
    const change = { orchestrator_id: other.id, amount_usd: '2' };
    const first = await adjust(change, key);
    const again = await adjust(change, key);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const refused = await adjust({ ...change, amount_usd: '3' }, key);
    expect(refused.status).toBe(422);
    expect(fieldsOf(refused)).toEqual(['Idempotency-Key']);
    expect(await rig.itemsOf(`adjustments?orchestrator_id=${other.id}`)).toEqual([first.body]);
  });

  it.each([
    ['money as a number', { amount_usd: -1.5 }, 400, 'amount_usd'],
    ['seven decimals', { amount_usd: '0.0000001' }, 400, 'amount_usd'],
    ['zero', { amount_usd: '0' }, 422, 'amount_usd'],
    ['too much', { amount_usd: '1000000.000001' }, 422, 'amount_usd'],
    ['no reason', { reason: undefined }, 400, 'reason'],
    ['blanks for a reason', { reason: '     ' }, 400, 'reason'],
    ['a novel for a reason', { reason: 'x'.repeat(501) }, 400, 'reason'],
    ['no orchestrator', { orchestrator_id: undefined }, 400, 'orchestrator_id'],
  ])('refuse %s and name the field', async (_case, change, status, field) => {
    const answer = await adjust(change);
    expect(answer.status).toBe(status);
    expect(fieldsOf(answer)).toEqual([field]);
  });

  it('refuse a key that is too long and a field they do not know', async () => {
    expect(fieldsOf(await adjust({}, { 'idempotency-key': 'k'.repeat(201) }))).toEqual(['Idempotency-Key']);
    expect((await adjust({ amount: '1' })).status).toBe(400);
  });

  it('answer 404 for an orchestrator that does not exist, and 403 to a viewer, who may read', async () => {
    expect((await adjust({ orchestrator_id: nobody })).status).toBe(404);
    const token = await rig.distributor.signIn(viewerPassword);
    const body = { orchestrator_id: id, amount_usd: '1', reason: 'for me' };
    const refused = await rig.distributor.ask('/api/v1/adjustments', { method: 'POST', token, body });
    expect(refused.status).toBe(403);
    expect((await rig.distributor.ask('/api/v1/adjustments', { token })).status).toBe(200);
  });

  it('can be walked page by page to the end, each once, the newest first', async () => {
    const { id: mine } = await rig.create();
    for (const amount of ['1', '2', '3', '4', '5']) {
      expect((await adjust({ orchestrator_id: mine, amount_usd: amount })).status).toBe(201);
    }
    const walked: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = page.parse((await rig.get(`adjustments?orchestrator_id=${mine}&limit=2${query}`)).body);
      walked.push(...answer.items.map(({ amount_usd: amount }) => amount));
      cursor = answer.next_cursor;
    } while (cursor !== null);
    expect(walked).toEqual(['5.000000', '4.000000', '3.000000', '2.000000', '1.000000']);
    expect(fieldsOf(await rig.get('adjustments?cursor=nonsense'))).toEqual(['cursor']);
  });
});
