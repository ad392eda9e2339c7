/**
 * The chart of accounts (docs/ledger.md). Type and unit follow from the code: dollars are micro-dollars,
 * `gas` accounts count gwei of the chain's native coin.
 */
export const account = {
  /** Owed to an orchestrator and not yet reserved for a payout. */
  payable: (orchestratorId: string): string => `liability:payable:${orchestratorId}`,
  /** Reserved for payouts whose outcome is not final. Never below zero. */
  inSettlement: (orchestratorId: string): string => `liability:in_settlement:${orchestratorId}`,
  /** Earned by paid assessments; one account for each payee, so that accruals do not wait for each other. */
  rewards: (orchestratorId: string): string => `expense:rewards:${orchestratorId}`,
  adjustments: (orchestratorId: string): string => `expense:adjustments:${orchestratorId}`,
  treasury: (chainId: bigint | number, token: string): string =>
    `asset:treasury:${chainId}:${token.toLowerCase()}`,
  /** Where payouts of method `ledger` leave from: an account that someone else keeps. */
  outsideTreasury: (): string => 'asset:treasury:outside',
  gas: (chainId: bigint | number): string => `asset:gas:${chainId}`,
  gasSpent: (chainId: bigint | number): string => `expense:gas:${chainId}`,
  funding: (): string => 'equity:funding',
  /** Counterpart of a gas account's funding, in gwei. */
  gasFunding: (): string => 'equity:gas',
} as const;

export const isGasAccount = (code: string): boolean => code.split(':')[1] === 'gas';
