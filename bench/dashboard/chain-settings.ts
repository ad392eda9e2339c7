import { deployLocalToken, developmentKeys, startAnvil } from '#payments/testing';
import { parseEther, toBeHex, Wallet } from 'ethers';

import type { CleanUp } from '../run/clean-up.js';

/** What a payer would keep there; a local chain gives ten thousand. */
const gasWei = parseEther('0.05');

/** A local chain with a treasury of test dollars, and the settings of a distributor that settles there. */
export async function startSettlementChain(
  treasuryMicroUsd: bigint,
  cleanUp: CleanUp,
): Promise<Record<string, string>> {
  const anvil = await startAnvil({ blockTimeSeconds: 2 });
  cleanUp.add(() => anvil.stop());
  const { tokenAddress } = await deployLocalToken({ rpcUrl: anvil.rpcUrl, microUsd: treasuryMicroUsd });
  await fetch(anvil.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'anvil_setBalance' },
      params: [new Wallet(developmentKeys.gasPayer).address, toBeHex(gasWei)],
    }),
  });
  return {
    ...{ ETH_RPC_URL: anvil.rpcUrl, CHAIN_ID: '31337', TOKEN_ADDRESS: tokenAddress, FINALITY: '12' },
    ...{ PAYER_PRIVATE_KEY: developmentKeys.payer, GAS_PAYER_PRIVATE_KEY: developmentKeys.gasPayer },
    ...{ SETTLEMENT_METHOD: 'usdc', SETTLE_INTERVAL_SECONDS: '5' },
  };
}
