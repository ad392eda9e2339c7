import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import { type BroadcastClass, classifyFailure, mostTelling } from '../chain/broadcast-outcome.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { Payout } from '../payouts/payout.js';
import { logPayout } from '../payouts/payout-facts.js';
import { recordChanges, selectPayouts } from '../payouts/payout-rows.js';
import { type Attempt, lockSettlement } from './settlement-rows.js';

export const isAccepted = (outcome: BroadcastClass): boolean => outcome === 'accepted' || outcome === 'known';

/** The same bytes again after this long: doubled with each time, since a node that has them needs them no more. */
const resendAfterMs = { first: 2_000, most: 60_000 };

export function isDueToSend({ sendState, msSinceLastSent, sendCount }: Attempt): boolean {
  if (sendState === 'signed' || msSinceLastSent === null) return true;
  return (
    msSinceLastSent >= Math.min(resendAfterMs.most, resendAfterMs.first * 2 ** Math.min(sendCount - 1, 10))
  );
}

export interface Broadcast {
  outcome: BroadcastClass;
  detail: string | null;
}

/** Edges E1 and E2: it is written down that an attempt may be on the network before it goes there. */
export class Broadcasting {
  private readonly log = new FactLogger('settlement');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
  ) {}

  async send(settlementId: string, attempt: Attempt, signal?: AbortSignal): Promise<Broadcast> {
    await this.database.transaction((tx) =>
      tx.query(
        `update payments.attempt set send_state = case send_state when 'signed' then 'maybe_sent' else send_state end,
                first_sent_at = coalesce(first_sent_at, payments.clock()), last_sent_at = payments.clock(),
                send_count = send_count + 1
          where id = $1`,
        [attempt.id.toString()],
      ),
    );
    const broadcast = await this.toAllNodes(attempt, signal);
    const sent = await this.database.transaction((tx) => this.record(tx, settlementId, attempt, broadcast));
    for (const payout of sent) logPayout(this.log, 'payout sent', payout);
    if (!isAccepted(broadcast.outcome) && broadcast.outcome !== attempt.lastErrorClass) {
      this.log.warn('settlement not accepted', { settlementId, txHash: attempt.txHash, ...broadcast });
    }
    return broadcast;
  }

  private async toAllNodes(attempt: Attempt, signal?: AbortSignal): Promise<Broadcast> {
    const answers = await this.chain.each((node) => node.send(attempt.rawTx), signal);
    const outcomes = answers.map((answer): Broadcast => {
      if (answer.status === 'rejected') {
        const reason: unknown = answer.reason;
        const detail = reason instanceof Error ? reason.message : String(reason);
        return { outcome: classifyFailure(reason), detail };
      }
      // A node that names another hash has understood something else: what it did is not known.
      return answer.value === attempt.txHash
        ? { outcome: 'accepted', detail: null }
        : { outcome: 'ambiguous', detail: `a node gave the tx another hash: ${answer.value}` };
    });
    const outcome = mostTelling(outcomes.map((each) => each.outcome));
    return { outcome, detail: outcomes.find((each) => each.outcome === outcome)?.detail ?? null };
  }

  private async record(
    tx: Parameters<typeof lockSettlement>[0],
    settlementId: string,
    attempt: Attempt,
    { outcome, detail }: Broadcast,
  ): Promise<Payout[]> {
    const settlement = await lockSettlement(tx, settlementId);
    // Never back from accepted: a later refusal of the same bytes says nothing about the node that took them.
    await tx.query(
      `update payments.attempt set last_error_class = $2, last_error = $3,
              send_state = case when $4 then 'accepted' when send_state = 'accepted' then send_state
                                when $2 = 'terminal' then 'rejected' else 'maybe_sent' end
        where id = $1`,
      [attempt.id.toString(), isAccepted(outcome) ? null : outcome, detail, isAccepted(outcome)],
    );
    await tx.query(`update payments.settlement set trouble = $2 where id = $1 and status <> 'final'`, [
      settlementId,
      isAccepted(outcome) || outcome === 'nonce-too-low' ? null : (detail ?? outcome),
    ]);
    if (settlement?.status !== 'signed' || !isAccepted(outcome)) return [];
    await tx.query(`update payments.settlement set status = 'sent' where id = $1`, [settlementId]);
    const payouts = await selectPayouts(
      tx,
      `join payments.settlement_item i on i.payout_id = p.id
        where i.settlement_id = $1 and i.outcome is null and p.status = 'reserved' for update of p`,
      [settlementId],
    );
    const ids = payouts.map(({ id }) => id);
    await tx.query(`update payments.payout set status = 'sent', tx_hash = $2 where id = any ($1::uuid[])`, [
      ids,
      attempt.txHash,
    ]);
    await recordChanges(tx, ids, 'sent', `accepted by the network as ${attempt.txHash}`);
    return payouts.map((payout) => ({ ...payout, status: 'sent', txHash: attempt.txHash }));
  }
}
