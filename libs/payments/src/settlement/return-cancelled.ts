import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRows, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { Ledger } from '../ledger/ledger.js';
import { returnPayout } from '../payouts/close-payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { selectPayout } from '../payouts/payout-rows.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { treasuryKey } from '../reconciliation/scan-rows.js';
import type { SeenPayments } from '../reconciliation/seen-payments.js';

const cancelledRow = z.object({ id: z.uuid(), authorization_nonce: z.string(), valid_before: sqlBigint });

/** No more than one look at each of them in this time: authorizations hold for an hour. */
const lookEveryMs = 15_000;

/**
 * Edge E9 for payouts that a person has given up after they had been signed. The authorization is public, so the money
 * stays in settlement until a final block is past its end and the token says that it was not used.
 */
export class CancelledPayouts {
  private readonly log = new FactLogger('settlement');
  private lookedAtMs = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
    private readonly seen: SeenPayments,
    private readonly ledger: Ledger,
  ) {}

  async returnExpired(signal?: AbortSignal): Promise<void> {
    if (performance.now() - this.lookedAtMs < lookEveryMs) return;
    const cancelled = await selectRows(
      ready(this.database),
      cancelledRow,
      `select p.id, p.authorization_nonce, p.valid_before from payments.payout p
        where p.cancel_requested and p.status = 'held' and p.valid_before is not null
          and p.chain_id = $1 and p.token_address = $2 and p.treasury_address = $3`,
      treasuryKey(this.chain),
    );
    if (cancelled.length === 0) return;
    this.lookedAtMs = performance.now();
    const final = await this.scan.advance(signal);
    if (!final || this.scan.disagreement !== null) return;
    await this.seen.settleUsed(cancelled.map(({ id }) => id));
    const facts = await this.scan.factsOf(cancelled.map(({ authorization_nonce }) => authorization_nonce));
    for (const { id, authorization_nonce: nonce, valid_before } of cancelled) {
      const fact = facts.get(nonce);
      if (fact?.kind === 'used') continue;
      const isOver = fact?.kind === 'cancelled' || final.timestamp >= valid_before;
      if (!isOver) continue;
      // Unknown is not unused: it waits for two nodes that say so.
      if (fact === undefined && (await this.scan.isUsed(nonce, final.number, signal)) !== false) continue;
      await this.giveBack(
        id,
        fact ? `its authorization was cancelled in ${fact.txHash}` : 'its authorization expired unused',
      );
    }
  }

  private async giveBack(id: string, detail: string): Promise<void> {
    const returned = await this.database.transaction(async (tx) => {
      const payout = await selectPayout(tx, id, 'for update');
      if (payout?.status !== 'held') return undefined;
      return returnPayout(tx, this.ledger, payout, detail);
    });
    if (returned) logPayout(this.log, 'payout returned', returned);
  }
}
