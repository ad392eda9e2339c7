import { z } from 'zod';

import { domainSeparator, type TokenDomain } from './authorization.js';
import { isDevelopmentAddress, isLocalChain } from './development-addresses.js';
import type { EthNode } from './eth-node.js';
import { finalBlock, type Finality } from './finality.js';
import { multicall3Address } from './multicall3.js';
import { RpcRefusal } from './rpc-error.js';
import { readToken } from './usdc.js';

/** Something is wrong that waiting does not cure; nothing may be signed. The message says what a person can change. */
export class SettlementRefusedError extends Error {
  override readonly name = 'SettlementRefusedError';
}

const usdDecimals = 6n;

/** An address without the function answers with nothing or refuses: both mean that it is not what it should be. */
async function ask<T>(what: string, tokenAddress: string, question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof RpcRefusal || !(error instanceof Error) || error.name !== 'RpcSilence') {
      throw new SettlementRefusedError(
        `The token ${tokenAddress} does not answer ${what}: it is not a USDC with EIP-3009`,
        { cause: error },
      );
    }
    throw error;
  }
}

/**
 * What must be true before a single authorization is signed. Returns the token's signing domain.
 * @throws SettlementRefusedError
 */
export async function checkChain(
  node: EthNode,
  chainId: bigint,
  {
    tokenAddress,
    signers,
    finality,
  }: { tokenAddress: string; signers: readonly string[]; finality: Finality },
): Promise<TokenDomain> {
  const known = signers.find(isDevelopmentAddress);
  if (known !== undefined && !isLocalChain(chainId)) {
    throw new SettlementRefusedError(
      `The key of ${known} is a development key that everybody knows; it is refused on chain ${chainId}`,
    );
  }
  if (signers.includes(tokenAddress)) throw new SettlementRefusedError('TOKEN_ADDRESS is the payer itself');
  if ((await node.code(tokenAddress)) === '0x') {
    throw new SettlementRefusedError(
      `There is no contract at TOKEN_ADDRESS ${tokenAddress} on chain ${chainId}`,
    );
  }
  if ((await node.code(multicall3Address)) === '0x') {
    throw new SettlementRefusedError(`There is no Multicall3 at ${multicall3Address} on chain ${chainId}`);
  }
  const decimals = await ask(
    'decimals()',
    tokenAddress,
    readToken(node, tokenAddress, 'decimals', z.bigint()),
  );
  if (decimals !== usdDecimals) {
    throw new SettlementRefusedError(`The token ${tokenAddress} has ${decimals} decimals; USDC has six`);
  }
  const domain: TokenDomain = {
    name: await ask('name()', tokenAddress, readToken(node, tokenAddress, 'name', z.string())),
    version: await ask('version()', tokenAddress, readToken(node, tokenAddress, 'version', z.string())),
    chainId,
    verifyingContract: tokenAddress,
  };
  const separator = readToken(node, tokenAddress, 'DOMAIN_SEPARATOR', z.string());
  if ((await ask('DOMAIN_SEPARATOR()', tokenAddress, separator)) !== domainSeparator(domain)) {
    throw new SettlementRefusedError(
      `The token ${tokenAddress} signs for another domain than "${domain.name}" version ${domain.version} on chain ${chainId}`,
    );
  }
  await checkFinality(node, finality);
  return domain;
}

async function checkFinality(node: EthNode, finality: Finality): Promise<void> {
  if (finality !== 'finalized') return;
  try {
    await finalBlock(node, finality);
  } catch (error) {
    if (!(error instanceof RpcRefusal)) throw error;
    throw new SettlementRefusedError(
      `${node.name} does not know the tag "finalized" (${error.reason}); set FINALITY to a number of blocks`,
    );
  }
}
