import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { account } from '../ledger/account.js';
import type { EntryKind } from '../ledger/journal-entry.js';

interface Model {
  accrued: bigint;
  adjusted: bigint;
  payable: bigint;
  settling: bigint;
  paid: bigint;
}

describe('balances', () => {
  let books: TestBooks;
  let services: BookServices;
  let made = 0;

  beforeAll(async () => {
    books = await openTestBooks();
    services = bookServices(books.database);
    await services.books.open();
  });
  afterAll(async () => {
    await books.close();
  });

  const create = async (): Promise<string> => {
    made += 1;
    const { address } = new TestWorker();
    const input = { serviceUri: `https://o${made}:9995`, workerAddress: address };
    return (await services.orchestrators.create(input, 'admin')).id;
  };

  /** Debit, credit and what the entry does to a model that knows nothing of double entry. */
  const effects = (
    id: string,
  ): Record<string, [EntryKind, string, string, (m: Model, a: bigint) => void]> => {
    const [payable, settling] = [account.payable(id), account.inSettlement(id)];
    return {
      accrual: ['accrual', account.rewards(id), payable, (m, a) => ((m.accrued += a), (m.payable += a))],
      raise: [
        'adjustment',
        account.adjustments(id),
        payable,
        (m, a) => ((m.adjusted += a), (m.payable += a)),
      ],
      cut: ['adjustment', payable, account.adjustments(id), (m, a) => ((m.adjusted -= a), (m.payable -= a))],
      reserve: ['reserve', payable, settling, (m, a) => ((m.payable -= a), (m.settling += a))],
      return: ['return', settling, payable, (m, a) => ((m.settling -= a), (m.payable += a))],
      paid: ['paid', settling, account.outsideTreasury(), (m, a) => ((m.settling -= a), (m.paid += a))],
      reorg: ['reorg', account.outsideTreasury(), settling, (m, a) => ((m.paid -= a), (m.settling += a))],
    };
  };

  it('tell where every micro-dollar is, after any sequence of entries', async () => {
    const step = fc.record({
      what: fc.constantFrom('accrual', 'raise', 'cut', 'reserve', 'return', 'paid', 'reorg'),
      amount: fc.bigInt({ min: 1n, max: 10n ** 9n }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const id = await create();
        const model: Model = { accrued: 0n, adjusted: 0n, payable: 0n, settling: 0n, paid: 0n };
        for (const [index, { what, amount }] of steps.entries()) {
          const effect = effects(id)[what];
          if (!effect) throw new Error(what);
          const [kind, debit, credit, apply] = effect;
          const leavesSettlement = what === 'return' || what === 'paid';
          if (leavesSettlement && model.settling < amount) continue;
          await books.database.transaction((tx) =>
            services.ledger.post(tx, {
              kind,
              idempotencyKey: `${id}/${index}`,
              effectiveAt: new Date(Date.UTC(2026, 0, 1) + index),
              transfers: [{ debit, credit, amountMicroUsd: amount }],
            }),
          );
          apply(model, amount);
        }
        const balance = (await services.balances.list()).find(({ orchestratorId }) => orchestratorId === id);
        expect(balance).toEqual({
          orchestratorId: id,
          accruedMicroUsd: model.accrued,
          adjustedMicroUsd: model.adjusted,
          payableMicroUsd: model.payable,
          inSettlementMicroUsd: model.settling,
          paidMicroUsd: model.paid,
        });
      }),
      { numRuns: 20 },
    );
  });
});
