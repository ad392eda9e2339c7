import type { Block, EventLog } from '../chain/eth-schemas.js';
import type { EthNode } from '../chain/eth-node.js';
import { RpcRefusal, RpcSilence } from '../chain/rpc-error.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import {
  type AuthorizationFact,
  authorizationFacts,
  incomingTopics,
  outgoingTopics,
  type TreasuryMovement,
  treasuryMovements,
} from '../chain/treasury-events.js';

/** A range that a node finds too wide is halved, down to this one. */
const narrowestRange = 64n;

/** What one node shows of the treasury in a range of blocks. */
export interface TreasuryRange {
  last: Block;
  facts: AuthorizationFact[];
  movements: TreasuryMovement[];
  /** By block number. */
  times: ReadonlyMap<bigint, Date>;
}

export const timeOf = ({ timestamp }: { timestamp: bigint }): Date => new Date(Number(timestamp) * 1000);

/** Null when the node does not have the last block yet. */
export async function readRange(
  node: EthNode,
  chain: TreasuryChain,
  from: bigint,
  to: bigint,
): Promise<TreasuryRange | null> {
  const last = await node.block(to);
  if (!last) return null;
  const logs = await logsBetween(node, chain, from, to);
  const { tokenAddress, treasury } = chain;
  const facts = chain.method === 'usdc' ? authorizationFacts(logs, tokenAddress, treasury.address) : [];
  const movements = treasuryMovements(logs, tokenAddress, treasury.address);
  const times = new Map<bigint, Date>();
  for (const { blockNumber } of [...facts, ...movements]) {
    if (times.has(blockNumber)) continue;
    const block = await node.block(blockNumber);
    if (!block)
      throw new RpcSilence(
        'eth_getLogs',
        node.name,
        `it has logs of block ${blockNumber}, but not the block`,
      );
    times.set(blockNumber, timeOf(block));
  }
  return { last, facts, movements, times };
}

async function logsBetween(
  node: EthNode,
  chain: TreasuryChain,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<EventLog[]> {
  const treasury = chain.treasury.address;
  const address = chain.tokenAddress;
  try {
    const outgoing = await node.logs({ address, topics: outgoingTopics(treasury), fromBlock, toBlock });
    const incoming = await node.logs({ address, topics: incomingTopics(treasury), fromBlock, toBlock });
    return [...outgoing, ...incoming];
  } catch (error) {
    if (!(error instanceof RpcRefusal) || toBlock - fromBlock < narrowestRange) throw error;
    const middle = (fromBlock + toBlock) / 2n;
    return [
      ...(await logsBetween(node, chain, fromBlock, middle)),
      ...(await logsBetween(node, chain, middle + 1n, toBlock)),
    ];
  }
}

const essence = (range: TreasuryRange): string =>
  [
    range.last.hash,
    ...range.facts
      .map(({ kind, nonce, txHash, blockHash }) => `${kind} ${nonce} ${txHash} ${blockHash}`)
      .sort(),
    ...range.movements
      .map(({ blockHash, logIndex, direction, otherAddress, amount }) =>
        [blockHash, logIndex, direction, otherAddress, amount].join(' '),
      )
      .sort(),
  ].join('\n');

/** Whether two nodes show the same. */
export const isSameRange = (one: TreasuryRange | null, other: TreasuryRange | null): boolean =>
  one !== null && other !== null && essence(one) === essence(other);
