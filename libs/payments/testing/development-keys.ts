import type { Hex } from '#platform';

/**
 * The first accounts of the mnemonic "test test … junk", rich on every local chain and known to everybody.
 * The distributor refuses them on any other chain.
 */
export const developmentKeys = {
  /** Deploys and mints the test token. */
  deployer: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  /** The treasury of the local stack. */
  payer: '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  gasPayer: '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  stranger: '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
} as const satisfies Record<string, Hex>;
