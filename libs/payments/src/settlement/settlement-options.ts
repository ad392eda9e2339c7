import type { ChainOptions } from '../chain/chain-options.js';
import { mostDecimals } from '../chain/token-units.js';
import type { PayoutMethod } from '../payouts/payout.js';

export type SettlementMethod = PayoutMethod;

export interface SettlementOptions {
  method: SettlementMethod;
  settleIntervalSeconds: number;
  /** A payable below it waits. */
  minPayoutMicroUsd: bigint;
  /** A payout above it is held until a person lets it go. */
  maxPayoutMicroUsd?: bigint | undefined;
  /** Signed in any 24 hours, at most. */
  maxDailyPayoutMicroUsd?: bigint | undefined;
  /** Required by the methods `usdc` and `erc20`. */
  chain?: ChainOptions | undefined;
  /** Payouts in one tx. 50 unless given: about 25 kB of calldata. */
  batchSize?: number | undefined;
  /** How long an authorization holds after its signing. One hour unless given. */
  authorizationSeconds?: number | undefined;
  /** How long a tx may stay unmined before its fee is raised. 30 s unless given. */
  feeBumpSeconds?: number | undefined;
  /** How often what the chain shows is compared with the books, whether or not something is to be signed. 60 s unless given. */
  checkSeconds?: number | undefined;
  /** How often the chain is asked about what only waits: for finality, for funds. 5 s unless given. */
  pollSeconds?: number | undefined;
}

export const pollMs = ({ pollSeconds = 5 }: SettlementOptions): number => pollSeconds * 1_000;

export const SETTLEMENT_OPTIONS = Symbol('SETTLEMENT_OPTIONS');

/** Options that contradict each other or ask for what is not there; the message names what to change. */
export class SettlementOptionsError extends Error {
  override readonly name = 'SettlementOptionsError';
}

/** @throws SettlementOptionsError */
export function checkSettlementOptions({ method, chain, ...options }: SettlementOptions): void {
  if (method === 'ledger') return;
  if (!chain) throw new SettlementOptionsError(`SETTLEMENT_METHOD=${method} needs a chain and a payer`);
  if (options.maxPayoutMicroUsd === undefined || options.maxDailyPayoutMicroUsd === undefined) {
    throw new SettlementOptionsError(
      `SETTLEMENT_METHOD=${method} needs MAX_PAYOUT_USD and MAX_DAILY_PAYOUT_USD`,
    );
  }
  const { tokenDecimals = 6 } = chain;
  if (method === 'usdc' && tokenDecimals !== 6) throw new SettlementOptionsError('USDC has six decimals');
  if (!Number.isInteger(tokenDecimals) || tokenDecimals < 0 || tokenDecimals > mostDecimals) {
    throw new SettlementOptionsError(`TOKEN_DECIMALS must be a whole number from 0 to ${mostDecimals}`);
  }
}

/** The chain as the method uses it; undefined for `ledger`. */
export const chainOptionsOf = ({ method, chain }: SettlementOptions): ChainOptions | undefined =>
  method === 'ledger' || !chain ? undefined : { ...chain, method };
