import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import { isGasAccount } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { booksClock } from '../payouts/close-payout.js';

const entryRow = z.object({ id: sqlBigint });
const transferRow = z.object({ debit: z.string(), credit: z.string(), amount: sqlBigint });

/** Takes back what an entry has moved, once. One that was never posted, or was taken back before, is nothing to do. */
export async function reverseEntry(tx: EntityManager, ledger: Ledger, idempotencyKey: string): Promise<void> {
  const entry = await selectRow(
    tx,
    entryRow,
    `select id from ledger.journal_entry e where idempotency_key = $1
       and not exists (select 1 from ledger.journal_entry r where r.reverses_id = e.id)`,
    [idempotencyKey],
  );
  if (!entry) return;
  const transfers = await selectRows(
    tx,
    transferRow,
    `select d.code as debit, c.code as credit, t.amount from ledger.transfer t
       join ledger.account d on d.id = t.debit_account_id join ledger.account c on c.id = t.credit_account_id
      where t.journal_entry_id = $1`,
    [entry.id.toString()],
  );
  await ledger.post(tx, {
    kind: 'reorg',
    idempotencyKey: `reorg/${idempotencyKey}`,
    effectiveAt: await booksClock(tx),
    reversesId: entry.id,
    transfers: transfers.map(({ debit, credit, amount }) => ({
      ...{ debit: credit, credit: debit },
      ...(isGasAccount(debit) ? { amountGwei: amount } : { amountMicroUsd: amount }),
    })),
  });
}
