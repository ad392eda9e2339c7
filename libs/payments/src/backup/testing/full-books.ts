import type { Database } from '#platform/database';

import { decideDue } from '../../../testing/decide-due.js';
import { type BookServices, bookServices } from '../../../testing/test-books.js';
import type { TestSettlement } from '../../../testing/test-settlement.js';
import { bySource, TestWorker } from '../../../testing/test-worker.js';
import { Adjustments } from '../../adjustments/adjustments.js';
import type { AssessmentRecord } from '../../assessments/assessment.js';
import { selectRow, sqlTime } from '../../books/sql-rows.js';
import { z } from 'zod';
import { account } from '../../ledger/account.js';
import { Sealing } from '../../sealing/sealing.js';

const usd = 1_000_000n;
const source = 'https://one:9995';

/** What `fillBooks` puts something into. Tables of later migrations come along by the catalogue. */
export const filledTables = [
  ...['account', 'account_balance', 'journal_entry', 'seal', 'seal_part', 'sealed_table', 'transfer'].map(
    (name) => `ledger.${name}`,
  ),
  ...[
    ...['alert', 'assessment', 'assessment_progress', 'attempt', 'audit', 'authorization_scan', 'book'],
    ...['chain_authorization', 'evidence', 'lane', 'orchestrator', 'orchestrator_fact', 'payout'],
    ...['payout_event', 'pending_assessment', 'policy', 'rate', 'settlement', 'settlement_control'],
    'settlement_item',
  ].map((name) => `payments.${name}`),
];

/** Assesses what is due by the books' clock, from what the worker says it has seen. */
export async function assess(database: Database, worker: TestWorker): Promise<AssessmentRecord[]> {
  const row = await selectRow(
    database.dataSource,
    z.object({ now: sqlTime }),
    'select payments.clock() as now',
  );
  worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(row?.now.getTime() ?? 0) });
  return decideDue(bookServices(database).assessor, bySource({ [source]: worker }));
}

/** A month whose partition nobody makes any more, and one that never had a partition. */
async function fillOldMonths(world: TestSettlement, services: BookServices, id: string): Promise<void> {
  const { owner, database } = world.books;
  await owner.query(
    `create table ledger.transfer_2019_03 partition of ledger.transfer
       for values from ('2019-03-01 00:00:00+00') to ('2019-04-01 00:00:00+00');
     create trigger never_truncated before truncate on ledger.transfer_2019_03
       for each statement execute function ledger.refuse()`,
  );
  for (const time of ['2019-03-05T00:00:00Z', '1999-01-01T00:00:00Z']) {
    await database.transaction((tx) =>
      services.ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: `test/${time}`,
        effectiveAt: new Date(time),
        transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: 5n }],
        meta: { note: 'a "quoted"\\ text\nin two lines, \\. and \\N' },
      }),
    );
  }
}

/** Something of everything that a distributor writes, through the services that write it. */
export async function fillBooks(world: TestSettlement): Promise<{ id: string; worker: TestWorker }> {
  const { database } = world.books;
  const services = bookServices(database);
  const worker = new TestWorker();
  const { id } = await services.orchestrators.create(
    { name: 'Zoë\tand "Co"\\.\nin two lines', serviceUri: source, workerAddress: worker.address },
    'admin',
  );
  const silent = { serviceUri: 'https://two:9995', workerAddress: `0x${'7'.repeat(40)}` };
  await services.orchestrators.create(silent, 'admin');
  await services.rates.setFor(id, { microUsdPerMinute: 12n * usd }, 'admin');
  await world.later(3 * 60_000);
  await assess(database, worker);

  const adjustments = new Adjustments(database, services.ledger, services.books, services.audit);
  await adjustments.post({ orchestratorId: id, amountMicroUsd: -1n, reason: 'a test' }, 'admin');
  await database.transaction((tx) =>
    services.alerts.raise(tx, {
      kind: 'payout_address_missing',
      subject: `orchestrator/${id}`,
      text: 'none',
    }),
  );
  await fillOldMonths(world, services, id);

  await world.process().settler.tick();
  await world.owe(10n * usd);
  await world.untilFinal(world.process());
  const { settler, reconciliation } = world.process();
  await settler.tick();
  await reconciliation.run();
  await world.owe(20n * usd);
  await world.process().payouts.runNow();
  const sealing = new Sealing(database);
  for (let seal = await sealing.sealNext(); seal?.more === true;) seal = await sealing.sealNext();
  return { id, worker };
}
