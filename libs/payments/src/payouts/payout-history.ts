import type { Database } from '#platform/database';

import { Snapshot } from '../books/snapshot.js';
import type { Payout, PayoutStatus } from './payout.js';
import { payoutRow, payoutText } from './payout-rows.js';

export interface PayoutSelection {
  orchestratorId?: string | undefined;
  status?: PayoutStatus | undefined;
}

/** Payouts as they stand at one moment. Close it, read to its end or not. */
export interface OpenPayoutHistory {
  batches: AsyncGenerator<Payout[], void, undefined>;
  close(): Promise<void>;
}

/** All of them, newest first. @throws DatabaseUnavailableError */
export async function openPayoutHistory(
  database: Database,
  { orchestratorId, status }: PayoutSelection,
): Promise<OpenPayoutHistory> {
  const snapshot = await Snapshot.open(database);
  const chosen = `where ($1::uuid is null or orchestrator_id = $1) and ($2::text is null or status = $2)
    order by created_at desc, id desc`;
  return {
    batches: snapshot.batches(payoutRow, payoutText(chosen), [orchestratorId ?? null, status ?? null]),
    close: () => snapshot.close(),
  };
}
