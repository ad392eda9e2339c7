import type { Hex } from '#platform';

import { developmentKeys } from '../development-keys.js';
import type { FaultChain } from './fault-chain.js';

/** Of every distributor in a fault world. */
export function environmentOf(chain: FaultChain): Record<string, string> {
  return {
    SETTLEMENT_METHOD: 'usdc',
    SETTLE_INTERVAL_SECONDS: '1',
    // A clock that jumps by hours must not make thousands of periods to judge.
    PAYMENT_INTERVAL_SECONDS: '3600',
    MIN_PAYOUT_USD: '1',
    MAX_PAYOUT_USD: '1000000',
    MAX_DAILY_PAYOUT_USD: '1000000000',
    ORCHESTRATOR_ADDRESSES: 'https://orchestrator.example:8935',
    WORKER_URL: 'http://127.0.0.1:1',
    CHAIN_ID: '31337',
    TOKEN_ADDRESS: chain.token.tokenAddress,
    FINALITY: '2',
    PAYER_PRIVATE_KEY: developmentKeys.payer satisfies Hex,
    GAS_PAYER_PRIVATE_KEY: developmentKeys.gasPayer satisfies Hex,
  };
}
