import { z } from 'zod';

import { type Sql, selectRows, sqlBigint } from '../books/sql-rows.js';
import { payoutId } from './payout-id.js';

const comingRow = z.object({ ledger_id: z.uuid(), orchestrator_id: z.uuid(), number: sqlBigint });

/**
 * The ids of the payouts that will carry what is payable now: payouts are counted, so the next one's id is known before
 * it is made. Exact in a transaction that has just credited these orchestrators: whoever reserves waits for it, or was
 * before it.
 */
export async function comingPayouts(
  tx: Sql,
  orchestratorIds: readonly string[],
  asset: string,
): Promise<ReadonlyMap<string, string>> {
  if (orchestratorIds.length === 0) return new Map();
  const rows = await selectRows(
    tx,
    comingRow,
    `select b.ledger_id, o.id as orchestrator_id,
            coalesce((select max(p.number) from payments.payout p where p.orchestrator_id = o.id and p.asset = $2), 0) + 1 as number
       from unnest($1::uuid[]) as o (id), payments.book b`,
    [[...new Set(orchestratorIds)], asset],
  );
  return new Map(
    rows.map((row) => [row.orchestrator_id, payoutId(row.ledger_id, row.orchestrator_id, asset, row.number)]),
  );
}
