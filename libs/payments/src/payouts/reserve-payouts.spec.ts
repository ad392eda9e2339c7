import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { Adjustments } from '../adjustments/adjustments.js';
import { account } from '../ledger/account.js';
import type { SettlementOptions } from '../settlement/settlement-options.js';
import { ledgerChannel, type PaymentChannel } from './payment-channel.js';
import { PayoutReservation } from './reserve-payouts.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);
const usd = 1_000_000n;
const [first, second] = [new TestWorker().address, new TestWorker().address];

/** As a chain does, without one. */
const chainLike: PaymentChannel = { ...ledgerChannel, needsAddress: true };

describe('the reservation of payouts', () => {
  let books: TestBooks;
  let services: BookServices;

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(at(30));
    services = bookServices(books.database, { payoutAddressDelaySeconds: 3_600 });
    await services.books.open();
  });
  afterEach(async () => {
    await books.close();
  });

  const reservation = (change: Partial<SettlementOptions> = {}) => {
    const options = {
      method: 'ledger' as const,
      settleIntervalSeconds: 0,
      minPayoutMicroUsd: usd,
      ...change,
    };
    const { ledger, books: book, alerts, audit } = services;
    return new PayoutReservation(books.database, ledger, book, alerts, audit, options);
  };

  let made = 0;
  const create = async (worker = new TestWorker(), payoutAddress?: string): Promise<string> => {
    made += 1;
    const input = { serviceUri: `https://o${made}:9995`, workerAddress: worker.address, payoutAddress };
    return (await services.orchestrators.create(input, 'admin')).id;
  };
  const owe = (id: string, microUsd: bigint) =>
    books.database.transaction((tx) =>
      services.ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: randomUUID(),
        effectiveAt: new Date(noon + Math.floor(Math.random() * 1e9)),
        transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: microUsd }],
      }),
    );
  const alertsOf = async (kind: string) =>
    (await services.alerts.list({ limit: 1_000 })).items.filter((alert) => alert.kind === kind);

  describe('of an archived payee', () => {
    it('takes the rest whatever the minimum, once all of its periods are judged', async () => {
      const worker = new TestWorker();
      const id = await create(worker);
      const living = await create();
      await owe(living, 10n * usd);
      const own = reservation({ minPayoutMicroUsd: 1_000n * usd });

      await books.setClock(at(150));
      await services.orchestrators.archive(id, 'admin');
      await owe(id, usd);
      // One whole period lies before the archive and has not been looked at.
      expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);

      worker.answer = () => ({ kind: 'failed', detail: 'nobody there' });
      await services.assessor.assessDue(worker);
      expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);

      worker.answer = undefined;
      worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(600).getTime()) });
      await books.setClock(at(600));
      for (let turn = 0; turn < 3; turn += 1) await services.assessor.assessDue(worker);
      const { payouts } = await own.reserve(ledgerChannel);
      expect(payouts).toMatchObject([{ orchestratorId: id, amountMicroUsd: 11n * usd }]);
      expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);
    });

    it('takes what an adjustment adds later, and nothing while it owes', async () => {
      const id = await create();
      await services.orchestrators.archive(id, 'admin');
      const adjustments = new Adjustments(books.database, services.ledger, services.books, services.audit);
      const adjust = (amountMicroUsd: bigint) =>
        adjustments.post({ orchestratorId: id, amountMicroUsd, reason: 'late evidence' }, 'admin');
      const own = reservation();
      await adjust(-5n);
      expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);
      await adjust(5n);
      expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);
      await adjust(7n);
      expect((await own.reserve(ledgerChannel)).payouts).toMatchObject([{ amountMicroUsd: 7n }]);
    });
  });

  it('pays nothing to a payable below zero until it has grown again', async () => {
    const id = await create();
    const adjustments = new Adjustments(books.database, services.ledger, services.books, services.audit);
    await adjustments.post({ orchestratorId: id, amountMicroUsd: -5n * usd, reason: 'overpaid' }, 'admin');
    const own = reservation();
    await owe(id, 5n * usd);
    expect((await own.reserve(ledgerChannel)).payouts).toEqual([]);
    await owe(id, 3n * usd);
    expect((await own.reserve(ledgerChannel)).payouts).toMatchObject([{ amountMicroUsd: 3n * usd }]);
  });

  it('makes no payout of nothing where there is no minimum', async () => {
    const id = await create();
    await owe(id, usd);
    const own = reservation({ minPayoutMicroUsd: 0n });
    expect((await own.reserve(ledgerChannel)).payouts).toHaveLength(1);
    expect(await own.reserve(ledgerChannel, { now: true })).toEqual({ payouts: [], skipped: [] });
  });

  it('waits for a payout address, says so once, and goes on when there is one', async () => {
    const id = await create();
    await owe(id, 2n * usd);
    const own = reservation();
    expect(await own.reserve(chainLike, { now: true })).toEqual({
      payouts: [],
      skipped: [{ orchestratorId: id, payableMicroUsd: 2n * usd, reason: 'no payout address is in force' }],
    });
    await books.setClock(at(60));
    for (let turn = 0; turn < 3; turn += 1) await own.reserve(chainLike, { now: true });
    expect(await alertsOf('payout_address_missing')).toMatchObject([
      {
        subject: `orchestrator/${id}`,
        seenCount: 1,
        lastSeenAt: at(30),
        resolvedAt: null,
        text: expect.stringContaining('$2.000000 is payable'),
      },
    ]);

    await services.orchestrators.change(id, { payoutAddress: first }, 'admin');
    expect((await own.reserve(chainLike, { now: true })).payouts).toEqual([]);
    await books.setClock(at(60 + 3_600));
    expect((await own.reserve(chainLike, { now: true })).payouts).toMatchObject([
      { orchestratorId: id, payoutAddress: first, amountMicroUsd: 2n * usd },
    ]);
    expect(await alertsOf('payout_address_missing')).toMatchObject([
      { seenCount: 1, resolvedAt: at(60 + 3_600) },
    ]);
  });

  it('says nothing of one that has too little to be paid, and needs no address outside of a chain', async () => {
    await owe(await create(), usd - 1n);
    const rich = await create();
    await owe(rich, usd);
    expect((await reservation().reserve(ledgerChannel)).payouts).toMatchObject([
      { orchestratorId: rich, payoutAddress: null },
    ]);
    await reservation().reserve(chainLike);
    expect(await alertsOf('payout_address_missing')).toEqual([]);
  });

  it('keeps the address that was in force, whatever is changed afterwards', async () => {
    const id = await create(new TestWorker(), first);
    await owe(id, 2n * usd);
    await books.setClock(at(30 + 3_600));
    const own = reservation();
    await own.reserve(chainLike);
    await services.orchestrators.change(id, { payoutAddress: second }, 'admin');
    await books.setClock(at(30 + 7_200));
    await owe(id, 3n * usd);
    await own.reserve(chainLike);
    const rows: unknown = await books.owner.query(
      'select payout_address, amount_micro_usd from payments.payout order by number',
    );
    expect(rows).toEqual([
      { payout_address: first, amount_micro_usd: '2000000' },
      { payout_address: second, amount_micro_usd: '3000000' },
    ]);
  });

  it('announces a new address until it is in force', async () => {
    const id = await create(new TestWorker(), first);
    const [alert] = await alertsOf('payout_address_changed');
    expect(alert).toMatchObject({
      subject: `orchestrator/${id}`,
      resolvedAt: null,
      text: `admin changed where it is paid from nowhere to ${first}, from ${at(3_630).toISOString()} on`,
      details: { before: null, after: first, effective_from: at(3_630).toISOString(), actor: 'admin' },
    });
    const own = reservation();
    await books.setClock(at(3_629));
    await own.reserve(ledgerChannel, { now: true });
    expect(await alertsOf('payout_address_changed')).toMatchObject([{ resolvedAt: null }]);
    await books.setClock(at(3_630));
    await own.reserve(ledgerChannel, { now: true });
    expect(await alertsOf('payout_address_changed')).toMatchObject([{ resolvedAt: at(3_630) }]);
  });

  it('reaches those who can be paid past any number of those who cannot', async () => {
    const rows = Array.from({ length: 502 }, (_, row) => ({
      row,
      draft: { serviceUri: `https://many${row}:9995`, workerAddress: new TestWorker().address },
    }));
    const { rows: imported } = await services.orchestrators.import(rows, 'admin');
    const ids = imported.map(({ orchestratorId }) => orchestratorId ?? '').sort();
    await books.database.transaction((tx) =>
      services.ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: 'all of them',
        effectiveAt: at(0),
        transfers: ids.map((id) => ({
          debit: account.rewards(id),
          credit: account.payable(id),
          amountMicroUsd: 2n * usd,
        })),
      }),
    );
    const last = ids.at(-1) ?? '';
    await services.orchestrators.change(last, { payoutAddress: second }, 'admin');
    await books.setClock(at(7_200));
    const picky: PaymentChannel = {
      ...ledgerChannel,
      objectionTo: (address) => (address === second ? null : 'not this one'),
    };
    const run = await reservation().reserve(picky);
    expect(run.payouts).toMatchObject([{ orchestratorId: last }]);
    expect(run.skipped).toHaveLength(501);
  });
});
