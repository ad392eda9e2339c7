import type { FactLogger } from '#platform';

import { formatUsd } from '../money/micro-usd.js';
import type { Payout } from './payout.js';

type PayoutFact =
  'payout reserved' | 'payout held' | 'payout sent' | 'payout mined' | 'payout paid' | 'payout returned';

/** One line for each step of a payout, with the fields that a person or a test searches by. */
export function logPayout(log: FactLogger, fact: PayoutFact, payout: Payout): void {
  log.info(fact, {
    payoutId: payout.id,
    orchestratorId: payout.orchestratorId,
    amountUsd: formatUsd(payout.amountMicroUsd),
    payoutAddress: payout.payoutAddress,
    ...(payout.txHash !== null && { txHash: payout.txHash }),
    ...(payout.blockNumber !== null && { blockNumber: payout.blockNumber.toString() }),
    ...(payout.holdReason !== null && { reason: payout.holdReason }),
  });
}
