import type { Hex } from '#platform';

import type { Finality } from './finality.js';

export interface ChainOptions {
  /** Asked in this order; every one of them is sent each tx. */
  rpcUrls: readonly string[];
  /** Absent: the chain of the first node that answers. */
  chainId?: bigint | undefined;
  tokenAddress: string;
  /** The treasury: signs authorizations, holds the dollars. */
  payerPrivateKey: Hex;
  /** Sends the txs, holds the native coin. The treasury unless given. */
  gasPayerPrivateKey?: Hex | undefined;
  finality: Finality;
  /** No attempt offers more for each unit of gas. 500 gwei unless given. */
  maxFeeGwei?: number | undefined;
  /** One answer of a node at most. 10 s unless given. */
  rpcTimeoutMs?: number | undefined;
}
