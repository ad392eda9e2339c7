import { z } from 'zod';

import { domainSeparator, type TokenDomain } from './authorization.js';
import type { ChainMethod } from './chain-options.js';
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

/** An address without the function answers with nothing or refuses: both mean that it is not what it should be. */
async function ask<T>(
  what: string,
  { tokenAddress, method }: CheckedToken,
  question: Promise<T>,
): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof RpcRefusal || !(error instanceof Error) || error.name !== 'RpcSilence') {
      throw new SettlementRefusedError(
        `The token ${tokenAddress} does not answer ${what}: it is not ${method === 'usdc' ? 'a USDC with EIP-3009' : 'an ERC-20 token'}`,
        { cause: error },
      );
    }
    throw error;
  }
}

interface CheckedToken {
  tokenAddress: string;
  method: ChainMethod;
  /** What the token must answer. */
  decimals: number;
}

/**
 * What must be true before a single payment is signed. Returns the token's signing domain, null for a token that signs
 * nothing. @throws SettlementRefusedError
 */
export async function checkChain(
  node: EthNode,
  chainId: bigint,
  { signers, finality, ...token }: CheckedToken & { signers: readonly string[]; finality: Finality },
): Promise<TokenDomain | null> {
  checkKeys(chainId, token, signers);
  await checkCode(node, chainId, token);
  await checkDecimals(node, token);
  const domain = token.method === 'usdc' ? await checkDomain(node, chainId, token) : null;
  await checkFinality(node, finality);
  return domain;
}

function checkKeys(
  chainId: bigint,
  { tokenAddress, method }: CheckedToken,
  signers: readonly string[],
): void {
  const known = signers.find(isDevelopmentAddress);
  if (known !== undefined && !isLocalChain(chainId)) {
    throw new SettlementRefusedError(
      `The key of ${known} is a development key that everybody knows; it is refused on chain ${chainId}`,
    );
  }
  if (signers.includes(tokenAddress)) throw new SettlementRefusedError('TOKEN_ADDRESS is the payer itself');
  if (method === 'erc20' && new Set(signers).size > 1) {
    throw new SettlementRefusedError(
      'With SETTLEMENT_METHOD=erc20 the treasury sends its own txs: GAS_PAYER_PRIVATE_KEY must be absent',
    );
  }
}

async function checkCode(
  node: EthNode,
  chainId: bigint,
  { tokenAddress, method }: CheckedToken,
): Promise<void> {
  if ((await node.code(tokenAddress)) === '0x') {
    throw new SettlementRefusedError(
      `There is no contract at TOKEN_ADDRESS ${tokenAddress} on chain ${chainId}`,
    );
  }
  if (method === 'usdc' && (await node.code(multicall3Address)) === '0x') {
    throw new SettlementRefusedError(`There is no Multicall3 at ${multicall3Address} on chain ${chainId}`);
  }
}

async function checkDecimals(node: EthNode, token: CheckedToken): Promise<void> {
  const { tokenAddress, method, decimals: expected } = token;
  const decimals = await ask('decimals()', token, readToken(node, tokenAddress, 'decimals', z.bigint()));
  if (decimals === BigInt(expected)) return;
  throw new SettlementRefusedError(
    method === 'usdc'
      ? `The token ${tokenAddress} has ${decimals} decimals; USDC has six`
      : `The token ${tokenAddress} has ${decimals} decimals; TOKEN_DECIMALS says ${expected}`,
  );
}

async function checkDomain(node: EthNode, chainId: bigint, token: CheckedToken): Promise<TokenDomain> {
  const { tokenAddress } = token;
  const domain: TokenDomain = {
    name: await ask('name()', token, readToken(node, tokenAddress, 'name', z.string())),
    version: await ask('version()', token, readToken(node, tokenAddress, 'version', z.string())),
    chainId,
    verifyingContract: tokenAddress,
  };
  const separator = readToken(node, tokenAddress, 'DOMAIN_SEPARATOR', z.string());
  if ((await ask('DOMAIN_SEPARATOR()', token, separator)) !== domainSeparator(domain)) {
    throw new SettlementRefusedError(
      `The token ${tokenAddress} signs for another domain than "${domain.name}" version ${domain.version} on chain ${chainId}`,
    );
  }
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
