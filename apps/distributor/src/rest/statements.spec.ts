import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { parse } from 'csv-parse/sync';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { fieldsOf, nobody, problem, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { type Answer, until } from '../testing/running-distributor.js';

const statement = z.object({
  orchestrator_id: z.uuid(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  opening_balance_usd: z.string(),
  lines: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      kind: z.enum(['accrual', 'adjustment', 'payout', 'return']),
      period_start: z.iso.datetime().optional(),
      payout_id: z.uuid().optional(),
      reason: z.string().optional(),
      amount_usd: z.string().regex(/^-?\d+\.\d{6}$/),
      balance_usd: z.string(),
    }),
  ),
  closing_balance_usd: z.string(),
});

const csvRow = z.record(z.string(), z.string());
const micro = (amount: string) => BigInt(amount.replace('.', ''));
const future = '2100-01-01T00:00:00.000Z';

describe('REST: statements', () => {
  let rig: RestRig;
  let paid: string;
  let databaseUrl: string;

  beforeAll(async () => {
    const database = await createTestDatabase();
    databaseUrl = database.url;
    rig = await startRestRig(database);
    const [first] = await until(
      () => rig.itemsOf('payments?limit=1'),
      (items) => items.length > 0,
    );
    paid = String(first?.orchestrator_id);
  });

  afterAll(async () => {
    await rig.close();
  });

  const csv = (id: string, query = ''): Promise<Answer> =>
    rig.distributor.ask(`/api/v1/orchestrators/${id}/statement${query}`, {
      token: rig.token,
      headers: { accept: 'text/csv' },
    });
  const rowsOf = ({ body }: Answer) =>
    z.array(csvRow).parse(parse(z.string().parse(body), { columns: true }));

  it('add up from the opening to the closing balance, line by line', async () => {
    const answer = await rig.get(`orchestrators/${paid}/statement?to=${future}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('vary')).toContain('Accept');
    const { lines, ...head } = statement.parse(answer.body);
    let balance = micro(head.opening_balance_usd);
    for (const line of lines) {
      balance += micro(line.amount_usd);
      expect(micro(line.balance_usd)).toBe(balance);
      expect(line.kind === 'payout').toBe(line.amount_usd.startsWith('-'));
      expect(line.period_start).toBe(line.kind === 'accrual' ? line.at : undefined);
      expect(line.payout_id !== undefined).toBe(line.kind === 'payout');
    }
    expect(micro(head.closing_balance_usd)).toBe(balance);
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(['accrual', 'payout']));
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
  });

  it('close with what is payable once nothing moves any more', async () => {
    const { id } = await rig.create();
    const adjust = (amount: string, reason: string) =>
      rig.send('POST', 'adjustments', { orchestrator_id: id, amount_usd: amount, reason });
    await adjust('0.2', '=cmd()|x');
    await adjust('-0.7', 'taken back');
    const read = statement.parse((await rig.get(`orchestrators/${id}/statement?to=${future}`)).body);
    expect(read).toMatchObject({
      orchestrator_id: id,
      opening_balance_usd: '0.000000',
      lines: [
        { kind: 'adjustment', reason: '=cmd()|x', amount_usd: '0.200000', balance_usd: '0.200000' },
        { kind: 'adjustment', reason: 'taken back', amount_usd: '-0.700000', balance_usd: '-0.500000' },
      ],
      closing_balance_usd: '-0.500000',
    });
    const balances = await rig.itemsOf('balances');
    expect(balances.find((item) => item.orchestrator_id === id)?.payable_usd).toBe(read.closing_balance_usd);

    const file = await csv(id);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const today = new Date().toISOString().slice(0, 10);
    expect(file.headers.get('content-disposition')).toMatch(
      new RegExp(
        `^attachment; filename="statement-${id}-\\d{4}-\\d{2}-\\d{2}-${today.slice(0, 8)}\\d{2}.csv"$`,
      ),
    );
    expect(file.headers.get('opening-balance-usd')).toBe('0.000000');
    expect(file.headers.get('closing-balance-usd')).toBe('-0.500000');
    expect(rowsOf(file)).toMatchObject([
      { kind: 'adjustment', reason: "'=cmd()|x", amount_usd: '0.200000', balance_usd: '0.200000' },
      { kind: 'adjustment', reason: 'taken back', amount_usd: '-0.700000', balance_usd: '-0.500000' },
    ]);
  });

  it('hold the same lines as CSV as in JSON', async () => {
    const to = new Date().toISOString();
    const { lines } = statement.parse((await rig.get(`orchestrators/${paid}/statement?to=${to}`)).body);
    const file = await csv(paid, `?to=${to}`);
    const settled = rowsOf(file).slice(0, lines.length - 3);
    expect(settled.length).toBeGreaterThan(0);
    expect(settled).toEqual(
      lines.slice(0, settled.length).map((line) => ({
        at: line.at,
        kind: line.kind,
        period_start: line.period_start ?? '',
        payout_id: line.payout_id ?? '',
        reason: line.reason ?? '',
        amount_usd: line.amount_usd,
        balance_usd: line.balance_usd,
      })),
    );
  });

  it('cut at a moment go on with the balance they closed with', async () => {
    const whole = statement.parse((await rig.get(`orchestrators/${paid}/statement?to=${future}`)).body);
    const middle = whole.lines[Math.floor(whole.lines.length / 2)]?.at ?? '';
    const first = await rig.get(`orchestrators/${paid}/statement?to=${middle}`);
    const second = await rig.get(`orchestrators/${paid}/statement?from=${middle}&to=${future}`);
    const [before, after] = [statement.parse(first.body), statement.parse(second.body)];
    expect(after.opening_balance_usd).toBe(before.closing_balance_usd);
    expect(after.lines[0]?.at).toBe(middle);
  });

  it('are of the last 31 days unless asked otherwise', async () => {
    const { from, to } = statement.parse((await rig.get(`orchestrators/${paid}/statement`)).body);
    expect(Date.parse(to) - Date.parse(from)).toBe(31 * 86_400_000);
  });

  it.each([
    ['from=yesterday', 400, 'from'],
    ['to=2026-02-30T00:00:00Z', 400, 'to'],
    ['from=2026-11-01T00:00:00Z&to=2026-11-01T00:00:00Z', 422, 'from'],
    [`from=${future}`, 422, 'from'],
  ])('refuse ?%s and name the field, whatever form was asked for', async (query, status, field) => {
    for (const answer of [
      await rig.get(`orchestrators/${paid}/statement?${query}`),
      await csv(paid, `?${query}`),
    ]) {
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(fieldsOf(answer)).toEqual([field]);
    }
  });

  it('of any length are files, and a reader who goes away leaves nothing behind', async () => {
    const { id } = await rig.create();
    await rig.send('POST', 'adjustments', {
      orchestrator_id: id,
      amount_usd: '-100',
      reason: 'nothing is paid',
    });
    const owner = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
    try {
      // Past the ledger's function, which would take a minute for this.
      await owner.query(
        `insert into ledger.transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
           select now() - make_interval(secs => s), 1, d.id, c.id, 10, 'accrual' from generate_series(1, 60000) s,
                  ledger.account d, ledger.account c where d.code = $1 and c.code = $2`,
        [`expense:adjustments:${id}`, `liability:payable:${id}`],
      );
      await owner.query('select ledger.rebuild_balances()');
    } finally {
      await owner.destroy();
    }
    const refused = await rig.get(`orchestrators/${id}/statement`);
    expect(refused.status).toBe(422);
    expect(fieldsOf(refused)).toEqual(['from']);
    expect(problem.parse(refused.body).detail).toContain('Accept: text/csv');

    // More readers than files are sent at once.
    for (let reader = 0; reader < 6; reader += 1) {
      const leaving = new AbortController();
      const answer = await until(
        () =>
          fetch(`${rig.distributor.url}/api/v1/orchestrators/${id}/statement`, {
            headers: { accept: 'text/csv', authorization: `Bearer ${rig.token}` },
            signal: leaving.signal,
          }),
        ({ status }) => status === 200,
      );
      await answer.body?.getReader().read();
      leaving.abort();
    }
    const file = await until(
      () => csv(id),
      ({ status }) => status === 200,
    );
    const rows = rowsOf(file);
    expect(rows).toHaveLength(60_001);
    expect(rows.at(-1)?.balance_usd).toBe('-99.400000');
    expect(file.headers.get('closing-balance-usd')).toBe('-99.400000');
  });

  it('answer 404 for an orchestrator that does not exist', async () => {
    expect((await rig.get(`orchestrators/${nobody}/statement`)).status).toBe(404);
    expect((await csv(nobody)).status).toBe(404);
  });
});
