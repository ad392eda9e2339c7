import { Interface } from 'ethers';
import { z } from 'zod';

import type { EthNode } from './eth-node.js';

const token = new Interface([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function decimals() view returns (uint8)',
  'function paused() view returns (bool)',
  'function isBlacklisted(address) view returns (bool)',
  'function balanceOf(address) view returns (uint256)',
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function transfer(address to, uint256 value) returns (bool)',
]);

type TokenFunction =
  | 'name'
  | 'version'
  | 'decimals'
  | 'paused'
  | 'isBlacklisted'
  | 'balanceOf'
  | 'authorizationState'
  | 'DOMAIN_SEPARATOR'
  | 'transfer';

export const encodeTokenCall = (name: TokenFunction, values: readonly unknown[] = []): string =>
  token.encodeFunctionData(name, values);

/** @throws when the answer is not what the function returns, as that of an address without code */
export function decodeTokenAnswer<S extends z.ZodType>(
  name: TokenFunction,
  answer: string,
  value: S,
): z.output<S> {
  const decoded: readonly unknown[] = token.decodeFunctionResult(name, answer).toArray();
  return value.parse(decoded[0]);
}

export async function readToken<S extends z.ZodType>(
  node: EthNode,
  address: string,
  name: TokenFunction,
  value: S,
): Promise<z.output<S>> {
  return decodeTokenAnswer(name, await node.call({ to: address, data: encodeTokenCall(name) }), value);
}
