import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { fieldsOf, nobody, payoutAddress, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { until } from '../testing/running-distributor.js';

describe('REST: money', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('is where it should be: accrued + adjusted = payable + in settlement + paid', async () => {
    const [balance] = await until(
      () => rig.itemsOf('balances'),
      (items) => items[0]?.accrued_usd !== '0.000000',
    );
    const micro = (field: string) => BigInt(String(balance?.[field]).replace('.', ''));
    expect(micro('accrued_usd') + micro('adjusted_usd')).toBe(
      micro('payable_usd') + micro('in_settlement_usd') + micro('paid_usd'),
    );
  });

  it('becomes payouts, which can be read one by one', async () => {
    const [payout] = await until(
      () => rig.itemsOf('payments?limit=1'),
      (items) => items.length > 0,
    );
    expect(payout).toMatchObject({
      payout_address: payoutAddress,
      method: 'ledger',
      status: expect.stringMatching(/^(reserved|held)$/),
      tx_hash: null,
      block_number: null,
      paid_at: null,
    });
    const one = await rig.get(`payments/${String(payout?.id)}`);
    expect(one.body).toMatchObject({ ...payout, attempts: [], changes: [{ status: 'reserved' }] });
    expect((await rig.get(`payments/${nobody}`)).status).toBe(404);
    expect(fieldsOf(await rig.get('payments?status=lost'))).toEqual(['status']);
  });

  it('is written into a file of all pages, which a program reads back', async () => {
    // Nothing is added while the two answers are compared.
    await rig.send('POST', 'payouts/pause', { reason: 'comparing' });
    const listed = await rig.itemsOf('payments?limit=200');
    const file = await rig.distributor.ask('/api/v1/payments?limit=1', {
      token: rig.token,
      headers: { accept: 'text/csv, application/json;q=0.5' },
    });
    expect(file.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(file.headers.get('content-disposition')).toMatch(/filename="payments-\d{4}-\d{2}-\d{2}\.csv"/);
    const rows = parse(String(file.body), { columns: true });
    const texts = z.record(
      z.string(),
      z.union([z.string(), z.number().transform(String), z.null().transform(() => '')]),
    );
    expect(rows).toEqual(listed.map((item) => texts.parse(item)));
    expect(listed.length).toBeGreaterThan(0);
    const filtered = await rig.distributor.ask('/api/v1/payments?status=returned', {
      token: rig.token,
      headers: { accept: 'text/csv' },
    });
    expect(parse(String(filtered.body), { columns: true })).toEqual([]);
    await rig.send('POST', 'payouts/resume');
  });

  it('is marked paid with its outside reference, once', async () => {
    const [payout] = await until(
      () => rig.itemsOf('payments?status=reserved&limit=1'),
      (items) => items.length > 0,
    );
    const path = `payments/${String(payout?.id)}`;
    expect(fieldsOf(await rig.send('POST', `${path}/mark-paid`, {}))).toEqual(['reference']);
    expect((await rig.send('POST', `${path}/mark-paid`, { reference: 'SEPA 42' })).body).toMatchObject({
      status: 'paid',
      outside_reference: 'SEPA 42',
      paid_at: expect.any(String),
    });
    expect((await rig.send('POST', `${path}/mark-paid`, { reference: 'SEPA 43' })).status).toBe(409);
    expect((await rig.send('POST', `${path}/release`)).status).toBe(409);
    expect((await rig.send('POST', `${path}/cancel`)).status).toBe(409);
    expect((await rig.send('POST', `payments/${nobody}/release`)).status).toBe(404);
  });

  it('stops leaving while payouts are paused, and the pause needs a reason', async () => {
    const refused = await rig.send('POST', 'payouts/pause', {});
    expect(refused.status).toBe(400);
    expect(fieldsOf(refused)).toEqual(['reason']);

    expect((await rig.send('POST', 'payouts/pause', { reason: 'a look at the books' })).body).toMatchObject({
      paused: true,
      method: 'ledger',
      min_payout_usd: '0.300000',
      max_payout_usd: null,
    });
    expect((await rig.get('payouts')).body).toMatchObject({ paused: true });
    expect((await rig.send('POST', 'payouts/resume')).body).toMatchObject({ paused: false });
    expect((await rig.itemsOf('audit?limit=10')).map(({ action }) => action)).toEqual(
      expect.arrayContaining([expect.stringMatching(/paused/), expect.stringMatching(/resumed/)]),
    );
  });

  it('is settled at once when asked, and reconciles', async () => {
    const run = await rig.send('POST', 'payouts/run');
    expect(run.status).toBe(200);
    expect(run.body).toMatchObject({ payouts: expect.any(Array), skipped: expect.any(Array) });
    expect((await rig.get('reconciliation')).body).toMatchObject({ ok: true, differences: [] });
  });
});
