import { getAddress, id, zeroPadValue } from 'ethers';

import type { Hex } from '#platform';

import type { EventLog } from './eth-schemas.js';

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
export const outgoingTopics = (treasury: string) =>
  [[topics.used, topics.cancelled, topics.transfer], addressTopic(treasury)] as const;

/** Every transfer to the treasury. */
export const incomingTopics = (treasury: string) => [topics.transfer, null, addressTopic(treasury)] as const;

interface Seen {
  nonce: Hex;
  txHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
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

/** One transfer of the token from or to the treasury. */
export interface TreasuryMovement {
  direction: 'in' | 'out';
  otherAddress: string;
  /** In the token's smallest unit. */
  amount: bigint;
  txHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  logIndex: bigint;
  /** Of the authorization whose `AuthorizationUsed` stands right before it. */
  authorizationNonce: Hex | null;
}

const place = (blockHash: string, logIndex: bigint) => `${blockHash}/${logIndex}`;

const byPlaceOf = (logs: readonly EventLog[], tokenAddress: string): Map<string, EventLog> =>
  new Map(
    logs
      .filter(({ address, removed }) => address === tokenAddress && !removed)
      .map((log) => [place(log.blockHash, log.logIndex), log]),
  );

/**
 * What logs say about the treasury's authorizations. USDC writes `AuthorizationUsed` and at once the `Transfer` it
 * stands for, so the pair has two neighbouring places in the block; a `Transfer` elsewhere proves nothing.
 */
export function authorizationFacts(
  logs: readonly EventLog[],
  tokenAddress: string,
  treasury: string,
): AuthorizationFact[] {
  const byPlace = byPlaceOf(logs, tokenAddress);
  return [...byPlace.values()].flatMap((log): AuthorizationFact[] => {
    const [event, authorizer, nonce] = log.topics;
    if (authorizer !== addressTopic(treasury) || nonce === undefined) return [];
    const { transactionHash: txHash, blockNumber, blockHash } = log;
    const seen = { nonce, txHash, blockNumber, blockHash };
    if (event === topics.cancelled) return [{ kind: 'cancelled', ...seen }];
    if (event !== topics.used) return [];
    const transfer = transferOf(byPlace.get(place(blockHash, log.logIndex + 1n)));
    const belongs = transfer?.from === treasury;
    return [{ kind: 'used', ...seen, transfer: belongs ? { to: transfer.to, value: transfer.value } : null }];
  });
}

/** Every transfer from or to the treasury, in the order of the chain. What it sends to itself moves nothing. */
export function treasuryMovements(
  logs: readonly EventLog[],
  tokenAddress: string,
  treasury: string,
): TreasuryMovement[] {
  const byPlace = byPlaceOf(logs, tokenAddress);
  return [...byPlace.values()].flatMap((log): TreasuryMovement[] => {
    const transfer = transferOf(log);
    if (!transfer || transfer.from === transfer.to) return [];
    const isOut = transfer.from === treasury;
    if (!isOut && transfer.to !== treasury) return [];
    const { transactionHash: txHash, blockNumber, blockHash, logIndex } = log;
    const before = byPlace.get(place(blockHash, logIndex - 1n));
    const isAuthorized =
      isOut && before?.topics[0] === topics.used && before.topics[1] === addressTopic(treasury);
    return [
      {
        direction: isOut ? 'out' : 'in',
        otherAddress: isOut ? transfer.to : transfer.from,
        amount: transfer.value,
        ...{ txHash, blockNumber, blockHash, logIndex },
        authorizationNonce: (isAuthorized ? before.topics[2] : undefined) ?? null,
      },
    ];
  });
}

function transferOf(log: EventLog | undefined): { from: string; to: string; value: bigint } | undefined {
  const [event, from, to] = log?.topics ?? [];
  if (!log || event !== topics.transfer || from === undefined || to === undefined || log.data === '0x')
    return undefined;
  return { from: addressOf(from), to: addressOf(to), value: BigInt(log.data) };
}
