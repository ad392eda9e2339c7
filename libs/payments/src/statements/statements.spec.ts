import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { Adjustments } from '../adjustments/adjustments.js';
import { account } from '../ledger/account.js';
import type { EntryKind } from '../ledger/journal-entry.js';
import { withBalance } from './running-balance.js';
import type { StatementLine } from './statement.js';
import { Statements } from './statements.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);

describe('statements', () => {
  let books: TestBooks;
  let services: BookServices;
  let statements: Statements;
  let made = 0;

  beforeAll(async () => {
    books = await openTestBooks();
    await books.setClock(at(0));
    services = bookServices(books.database);
    await services.books.open();
    statements = new Statements(books.database);
  });
  afterAll(async () => {
    await books.close();
  });

  const create = async (): Promise<string> => {
    made += 1;
    const input = { serviceUri: `https://o${made}:9995`, workerAddress: new TestWorker().address };
    return (await services.orchestrators.create(input, 'admin')).id;
  };

  const payoutId = '2ed6657d-e927-568b-95e1-2665a8aea6a2';

  const post = async (id: string, what: string, microUsd: bigint, seconds: number, key = randomUUID()) => {
    const payable = account.payable(id);
    const sides: Record<string, [EntryKind, string, string, Record<string, unknown>]> = {
      accrual: ['accrual', account.rewards(id), payable, {}],
      raise: ['adjustment', account.adjustments(id), payable, { reason: 'a bonus' }],
      cut: ['adjustment', payable, account.adjustments(id), { reason: 'a mistake' }],
      payout: ['reserve', payable, account.inSettlement(id), { payoutId }],
      return: ['return', account.inSettlement(id), payable, { payoutId }],
    };
    const [kind, debit, credit, meta] = sides[what] ?? [];
    if (!kind || !debit || !credit || !meta) throw new Error(what);
    await books.database.transaction((tx) =>
      services.ledger.post(tx, {
        ...{ kind, idempotencyKey: key, effectiveAt: at(seconds), meta },
        transfers: [{ debit, credit, amountMicroUsd: microUsd }],
      }),
    );
  };

  const amounts = (lines: readonly StatementLine[]) => lines.map((line) => line.amountMicroUsd);
  const payableOf = async (id: string): Promise<bigint | undefined> =>
    (await services.balances.list()).find(({ orchestratorId }) => orchestratorId === id)?.payableMicroUsd;

  it('show each movement with its sign, what it belongs to, and the balance after it', async () => {
    const id = await create();
    await post(id, 'accrual', 10n, -120);
    await post(id, 'accrual', 20n, -60);
    await post(id, 'payout', 25n, -30);
    await post(id, 'return', 25n, -20);
    await post(id, 'cut', 40n, -10);
    const line = { periodStart: null, payoutId: null, reason: null };
    expect(await statements.read(id)).toEqual({
      orchestratorId: id,
      from: new Date(noon + 1 - 31 * 86_400_000),
      to: new Date(noon + 1),
      lineCount: 5,
      openingMicroUsd: 0n,
      closingMicroUsd: -10n,
      lines: [
        {
          ...line,
          at: at(-120),
          kind: 'accrual',
          periodStart: at(-120),
          amountMicroUsd: 10n,
          balanceMicroUsd: 10n,
        },
        {
          ...line,
          at: at(-60),
          kind: 'accrual',
          periodStart: at(-60),
          amountMicroUsd: 20n,
          balanceMicroUsd: 30n,
        },
        { ...line, at: at(-30), kind: 'payout', payoutId, amountMicroUsd: -25n, balanceMicroUsd: 5n },
        { ...line, at: at(-20), kind: 'return', payoutId, amountMicroUsd: 25n, balanceMicroUsd: 30n },
        {
          ...line,
          at: at(-10),
          kind: 'adjustment',
          reason: 'a mistake',
          amountMicroUsd: -40n,
          balanceMicroUsd: -10n,
        },
      ],
    });
  });

  it('hold exactly the periods that start in their range, whenever those were decided', async () => {
    const id = await create();
    for (const [index, seconds] of [60, 0, 180, 120].entries()) {
      await post(id, 'accrual', BigInt(index + 1), seconds);
    }
    const asked = await statements.read(id, { from: at(60), to: at(180) });
    expect(asked).toMatchObject({ openingMicroUsd: 2n, closingMicroUsd: 7n });
    expect(asked.lines.map(({ at: when }) => when)).toEqual([at(60), at(120)]);
  });

  it('take what happened at one moment in the order in which it was recorded', async () => {
    const id = await create();
    for (const [what, amount] of [
      ['accrual', 9n],
      ['payout', 5n],
      ['return', 5n],
      ['raise', 2n],
    ] as const) {
      await post(id, what, amount, 0);
    }
    expect(amounts((await statements.read(id)).lines)).toEqual([9n, -5n, 5n, 2n]);
  });

  it('are empty for one that never earned', async () => {
    expect(await statements.read(await create())).toMatchObject({
      openingMicroUsd: 0n,
      lines: [],
      closingMicroUsd: 0n,
    });
  });

  it('take any time that can be written down', async () => {
    const id = await create();
    await post(id, 'accrual', 10n, -60);
    const range = { from: new Date('0000-01-01T00:00:00.000Z'), to: new Date('9999-12-31T23:59:59.999Z') };
    expect(await statements.read(id, range)).toMatchObject({ lineCount: 1, closingMicroUsd: 10n });
  });

  it('refuse a range that holds no time, and an orchestrator that does not exist', async () => {
    const id = await create();
    for (const range of [{ from: at(60), to: at(60) }, { from: at(1) }, { from: at(0), to: at(-1) }]) {
      await expect(statements.read(id, range)).rejects.toMatchObject({ name: 'RuleError', field: 'from' });
    }
    await expect(statements.read(randomUUID())).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  it('end with what is payable, and open with what was before, after any sequence of entries', async () => {
    const step = fc.record({
      what: fc.constantFrom('accrual', 'raise', 'cut', 'payout', 'return'),
      amount: fc.bigInt({ min: 1n, max: 10n ** 12n }),
      minute: fc.integer({ min: -600, max: 0 }),
    });
    const cut = fc.integer({ min: -601, max: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), cut, cut, async (steps, a, b) => {
        const id = await create();
        const booked: { at: number; order: number; amount: bigint }[] = [];
        const periods = new Set<number>();
        let settling = 0n;
        for (const [order, { what, amount, minute }] of steps.entries()) {
          if (what === 'accrual' && periods.has(minute)) continue;
          if (what === 'return' && settling < amount) continue;
          if (what === 'accrual') periods.add(minute);
          if (what === 'payout') settling += amount;
          if (what === 'return') settling -= amount;
          await post(id, what, amount, minute * 60);
          const sign = what === 'cut' || what === 'payout' ? -1n : 1n;
          booked.push({ at: minute * 60, order, amount: sign * amount });
        }
        const from = Math.min(a, b) * 60;
        const to = Math.max(a, b) * 60 + 1;
        const statement = await statements.read(id, { from: at(from), to: at(to) });
        const sum = (part: readonly { amount: bigint }[]) =>
          part.reduce((total, { amount }) => total + amount, 0n);
        const inside = booked
          .filter((entry) => entry.at >= from && entry.at < to)
          .sort((x, y) => x.at - y.at || x.order - y.order);
        expect(statement.openingMicroUsd).toBe(sum(booked.filter((entry) => entry.at < from)));
        expect(amounts(statement.lines)).toEqual(inside.map(({ amount }) => amount));
        expect(statement.closingMicroUsd).toBe(statement.openingMicroUsd + sum(inside));
        expect(statement.lines.at(-1)?.balanceMicroUsd ?? statement.openingMicroUsd).toBe(
          statement.closingMicroUsd,
        );
        const whole = await statements.read(id, { from: at(-86_400), to: at(3_600) });
        expect(whole.closingMicroUsd).toBe((await payableOf(id)) ?? 0n);
      }),
      { numRuns: 25 },
    );
  });

  it('are of one moment: what is booked while they are read is not in them', async () => {
    const id = await create();
    await fill(id, 2_500);
    const statement = await statements.open(id, { from: at(-86_400 * 3), to: at(3_600) });
    await post(id, 'accrual', 1_000n, 0);
    const first = await statement.batches.next();
    await post(id, 'accrual', 1_000n, 60);
    let count = first.value?.length ?? 0;
    for await (const batch of statement.batches) count += batch.length;
    await statement.close();
    expect(count).toBe(2_500);
    expect(statement.head.closingMicroUsd).toBe(25_000n);
  });

  it('give their connection back, read to the end or not', async () => {
    const id = await create();
    await fill(id, 1_500);
    // More often than the pool has connections.
    for (let time = 0; time < 12; time += 1) {
      const statement = await statements.open(id, { from: at(-86_400 * 3) });
      if (time % 2 === 0) await statement.batches.next();
      await statement.close();
      await statement.close();
    }
    expect((await statements.read(id, { from: at(-86_400 * 3) })).lines).toHaveLength(1_500);
  });

  it('are refused as a whole beyond a month of one-minute periods, and read in batches all the same', async () => {
    const id = await create();
    await fill(id, 50_001);
    const range = { from: at(-86_400 * 60) };
    await expect(statements.read(id, range)).rejects.toMatchObject({
      name: 'RuleError',
      field: 'from',
      message: expect.stringMatching(/50001 lines.*50000.*text\/csv/s),
    });
    const statement = await statements.open(id, range);
    let last: StatementLine | undefined;
    for await (const batch of statement.batches) {
      expect(batch.length).toBeLessThanOrEqual(1_000);
      last = batch.at(-1);
    }
    await statement.close();
    expect(last?.balanceMicroUsd).toBe(500_010n);
  });

  it('stop when the lines do not lead to the closing balance', async () => {
    const head = {
      ...{ orchestratorId: randomUUID(), from: at(0), to: at(60), lineCount: 1 },
      ...{ openingMicroUsd: 5n, closingMicroUsd: 16n },
    };
    async function* rows() {
      yield [{ effective_at: at(0), kind: 'accrual' as const, amount: 10n, meta: null }];
    }
    const lines = withBalance(head, rows());
    expect((await lines.next()).value).toMatchObject([{ balanceMicroUsd: 15n }]);
    await expect(lines.next()).rejects.toThrow(/does not add up/);
  });

  it('name the reason of an adjustment', async () => {
    const id = await create();
    const adjustments = new Adjustments(books.database, services.ledger, services.books, services.audit);
    await adjustments.post({ orchestratorId: id, amountMicroUsd: -5n, reason: 'late evidence' }, 'admin');
    expect((await statements.read(id)).lines).toMatchObject([
      { kind: 'adjustment', reason: 'late evidence', amountMicroUsd: -5n },
    ]);
  });

  /** One accrual of ten micro-dollars for each of the minutes before noon. */
  async function fill(id: string, minutes: number): Promise<void> {
    await post(id, 'accrual', 10n, -60 * minutes);
    // As the owner, past the ledger's function, which would take a minute for this.
    await books.owner.query(
      `insert into ledger.transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
         select $1::timestamptz - make_interval(mins => m), 1, d.id, c.id, 10, 'accrual'
           from generate_series(1, $2::int - 1) m, ledger.account d, ledger.account c
          where d.code = $3 and c.code = $4`,
      [at(0), minutes, account.rewards(id), account.payable(id)],
    );
    await books.owner.query('select ledger.rebuild_balances()');
  }
});
