import type { Hex } from '#platform';

import type { Finality } from './finality.js';

export type ChainMethod = 'usdc' | 'erc20';

export interface ChainOptions {
  /** Asked in this order; every one of them is sent each tx. With two or more, two must agree on what is final. */
  rpcUrls: readonly string[];
  /** Absent: the chain of the first node that answers. */
  chainId?: bigint | undefined;
  tokenAddress: string;
  /** How payouts are sent: EIP-3009 authorizations in batches, or one plain transfer in each tx. `usdc` unless given. */
  method?: ChainMethod | undefined;
  /** What the token must answer to decimals(). Six unless given, and always six for `usdc`. */
  tokenDecimals?: number | undefined;
  /** The treasury: signs authorizations, holds the dollars. */
  payerPrivateKey: Hex;
  /** Sends the txs, holds the native coin. The treasury unless given. */
  gasPayerPrivateKey?: Hex | undefined;
  finality: Finality;
  /** No attempt offers more for each unit of gas. 500 gwei unless given. */
  maxFeeGwei?: number | undefined;
  /** One answer of a node at most. 5 s unless given. */
  rpcTimeoutMs?: number | undefined;
}
