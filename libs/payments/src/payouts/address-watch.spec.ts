import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import { account } from '../ledger/account.js';
import { AddressWatch } from './address-watch.js';
import { ledgerChannel, type PaymentChannel } from './payment-channel.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);
const usd = 1_000_000n;
const [treasury, payee] = [new TestWorker().address, new TestWorker().address];
const channel: PaymentChannel = {
  ...ledgerChannel,
  needsAddress: true,
  neverPaid: new Map([[treasury, 'our own treasury']]),
};

describe('a payee that would be paid to an address of ours', () => {
  let books: TestBooks;
  let services: BookServices;
  let id: string;

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(at(30));
    services = bookServices(books.database, { payoutAddressDelaySeconds: 0 });
    await services.books.open();
    const input = { serviceUri: 'https://o1:9995', workerAddress: new TestWorker().address };
    ({ id } = await services.orchestrators.create(input, 'admin'));
    await books.database.transaction((tx) =>
      services.ledger.post(tx, {
        ...{ kind: 'accrual', idempotencyKey: 'all', effectiveAt: at(0) },
        transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: 2n * usd }],
      }),
    );
  });
  afterEach(() => books.close());

  const open = async () =>
    (await services.alerts.list({ state: 'open', kind: 'payout_address_missing' })).items;

  it('is told, once, with the reason, until there is another one', async () => {
    const watch = new AddressWatch(books.database, services.alerts, usd);
    await watch.tend(channel, { now: true });
    expect(await open()).toMatchObject([{ text: expect.stringContaining('no payout address is in force') }]);

    // Written in any case.
    await services.orchestrators.change(id, { payoutAddress: treasury.toLowerCase() }, 'admin');
    for (let turn = 0; turn < 3; turn += 1) await watch.tend(channel, { now: true });
    expect(await open()).toMatchObject([
      {
        subject: `orchestrator/${id}`,
        seenCount: 2,
        text: '$2.000000 is payable, but the payout address is our own treasury: the payout waits',
      },
    ]);

    await services.orchestrators.change(id, { payoutAddress: payee }, 'admin');
    await watch.tend(channel, { now: true });
    expect(await open()).toEqual([]);
  });

  it('is not told where nothing is paid on a chain, nor while it has too little', async () => {
    await services.orchestrators.change(id, { payoutAddress: treasury }, 'admin');
    await new AddressWatch(books.database, services.alerts, usd).tend(ledgerChannel, { now: true });
    await new AddressWatch(books.database, services.alerts, 3n * usd).tend(channel, { now: true });
    expect(await open()).toEqual([]);
  });
});
