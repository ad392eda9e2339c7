/** Explorers of chains on which USDC has EIP-3009. Another chain has none here, and its hashes are shown without a link. */
const explorers: Readonly<Record<string, string>> = {
  '1': 'https://etherscan.io',
  '10': 'https://optimistic.etherscan.io',
  '137': 'https://polygonscan.com',
  '8453': 'https://basescan.org',
  '42161': 'https://arbiscan.io',
  '84532': 'https://sepolia.basescan.org',
  '421614': 'https://sepolia.arbiscan.io',
  '11155111': 'https://sepolia.etherscan.io',
};

export const explorerOf = (chainId: bigint | number | null): string | null =>
  chainId === null ? null : (explorers[String(chainId)] ?? null);
