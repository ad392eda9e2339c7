import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRows } from '../books/sql-rows.js';
import type { Ledger } from '../ledger/ledger.js';
import { gasKeys } from '../settlement/book-gas.js';
import { lockSettlement } from '../settlement/settlement-rows.js';
import { reverseEntry } from './reverse-entry.js';
import { unpayPayout } from './unpay-payout.js';

const itemRow = z.object({ payout_id: z.uuid(), method: z.string(), outcome: z.string().nullable() });

/** A settlement that was final waits for a block again: the same bytes are sent, the same nonce, to the same end. */
export async function reopenSettlement(tx: EntityManager, ledger: Ledger, id: string): Promise<void> {
  const settlement = await lockSettlement(tx, id);
  if (settlement?.status !== 'final') return;
  const items = await selectRows(
    tx,
    itemRow,
    `select i.payout_id, p.method, i.outcome from payments.settlement_item i join payments.payout p on p.id = i.payout_id
      where i.settlement_id = $1 order by i.position`,
    [id],
  );
  const detail = `block ${settlement.minedBlockNumber ?? ''} was final and left the chain; sent again`;
  for (const { payout_id: payoutId, outcome } of items) {
    if (outcome !== 'paid') continue;
    await tx.query(
      'update payments.settlement_item set outcome = null where settlement_id = $1 and payout_id = $2',
      [id, payoutId],
    );
    await unpayPayout(tx, ledger, payoutId, { status: 'sent', detail });
  }
  // What was not executed may be under way in another settlement. An authorization is taken once; a plain transfer
  // would be made twice, so its nonce is given up.
  const mayPayTwice = items.some(({ method, outcome }) => method === 'erc20' && outcome === 'unused');
  for (const key of gasKeys(id, settlement.minedBlockHash ?? '')) await reverseEntry(tx, ledger, key);
  await tx.query(
    `update payments.settlement set status = 'sent', final_at = null, mined_tx_hash = null, mined_block_number = null,
            mined_block_hash = null, receipt_ok = null, gas_used = null, gas_price_wei = null, gas_cost_wei = null,
            cancel_requested = cancel_requested or $3, trouble = $2 where id = $1`,
    [id, detail, mayPayTwice],
  );
  await tx.query(
    `update payments.attempt set send_count = 0, first_sent_at = null, last_sent_at = null where settlement_id = $1`,
    [id],
  );
}
