import { getAddress, id, Interface, zeroPadValue } from 'ethers';
import { z } from 'zod';

import type { Hex } from '#platform';

import type { EventLog } from './eth-schemas.js';
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
]);

type TokenFunction =
  | 'name'
  | 'version'
  | 'decimals'
  | 'paused'
  | 'isBlacklisted'
  | 'balanceOf'
  | 'authorizationState'
  | 'DOMAIN_SEPARATOR';

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

const topics = {
  used: id('AuthorizationUsed(address,bytes32)'),
  cancelled: id('AuthorizationCanceled(address,bytes32)'),
  transfer: id('Transfer(address,address,uint256)'),
} as const;

const addressTopic = (address: string): string => zeroPadValue(address.toLowerCase(), 32);
const addressOf = (topic: string): string => getAddress(`0x${topic.slice(26)}`);

/**
 * For `eth_getLogs`: every authorization of the treasury that was used or cancelled, and every transfer from it, which
 * has the treasury in the same place.
 */
export const authorizationTopics = (treasury: string) =>
  [[topics.used, topics.cancelled, topics.transfer], addressTopic(treasury)] as const;

interface Seen {
  nonce: Hex;
  txHash: Hex;
  blockNumber: bigint;
}
export interface UsedAuthorization extends Seen {
  kind: 'used';
  /** From the `Transfer` that belongs to it; null when the tx has none, which a sound token never does. */
  transfer: { to: string; value: bigint } | null;
}
export interface CancelledAuthorization extends Seen {
  kind: 'cancelled';
}
export type AuthorizationFact = UsedAuthorization | CancelledAuthorization;

/**
 * What logs say about the treasury's authorizations. USDC writes `AuthorizationUsed` and at once the `Transfer` it
 * stands for, so the pair has two neighbouring places in the block; a `Transfer` elsewhere proves nothing.
 */
export function authorizationFacts(
  logs: readonly EventLog[],
  tokenAddress: string,
  treasury: string,
): AuthorizationFact[] {
  const place = (log: EventLog) => `${log.blockHash}/${log.logIndex}`;
  const ofToken = logs.filter(({ address, removed }) => address === tokenAddress && !removed);
  const byPlace = new Map(ofToken.map((log) => [place(log), log]));
  return ofToken.flatMap((log): AuthorizationFact[] => {
    const [event, authorizer, nonce] = log.topics;
    if (authorizer !== addressTopic(treasury) || nonce === undefined) return [];
    const seen = { nonce, txHash: log.transactionHash, blockNumber: log.blockNumber };
    if (event === topics.cancelled) return [{ kind: 'cancelled', ...seen }];
    if (event !== topics.used) return [];
    const next = byPlace.get(place({ ...log, logIndex: log.logIndex + 1n }));
    return [{ kind: 'used', ...seen, transfer: transferOf(next, treasury) }];
  });
}

function transferOf(log: EventLog | undefined, treasury: string): UsedAuthorization['transfer'] {
  const [event, from, to] = log?.topics ?? [];
  if (!log || event !== topics.transfer || from !== addressTopic(treasury) || to === undefined) return null;
  return { to: addressOf(to), value: BigInt(log.data) };
}
