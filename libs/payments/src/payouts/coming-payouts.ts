import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import { payoutId } from './payout-id.js';

const newestRow = z.object({ newest: sqlBigint });
const comingRow = z.object({ ledger_id: z.uuid(), orchestrator_id: z.uuid(), number: sqlBigint });

/**
 * The ids of the payouts that will carry what is payable now: payouts are counted, so the next one's id is known before
 * it is made. They are remembered until any payout has been made: payouts are made one transaction after the other
 * (`lockControl`), so the newest one tells. One id for each payee that was asked for, about 150 B.
 */
export class ComingPayouts {
  private known = new Map<string, string>();
  /** In the order in which payouts were made; 0 before the first one. */
  private newest = -1n;

  /** @param asset what payouts will be made in */
  constructor(private readonly asset: string) {}

  /**
   * By orchestrator, those asked for among others. Exact in a transaction that has just credited them: whoever reserves
   * waits for it, or was before it. One call after the other.
   */
  async read(tx: Sql, orchestratorIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (orchestratorIds.length === 0) return this.known;
    const row = await selectRow(tx, newestRow, 'select coalesce(max(seq), 0) as newest from payments.payout');
    if (row?.newest !== this.newest) this.known = new Map();
    this.newest = row?.newest ?? -1n;
    const known = this.known;
    const missing = [...new Set(orchestratorIds)].filter((id) => !known.has(id));
    if (missing.length === 0) return known;
    const coming = await selectRows(
      tx,
      comingRow,
      `select b.ledger_id, o.id as orchestrator_id,
              coalesce((select max(p.number) from payments.payout p where p.orchestrator_id = o.id and p.asset = $2), 0) + 1 as number
         from unnest($1::uuid[]) as o (id), payments.book b`,
      [missing, this.asset],
    );
    for (const { ledger_id, orchestrator_id: id, number } of coming)
      known.set(id, payoutId(ledger_id, id, this.asset, number));
    return known;
  }
}
