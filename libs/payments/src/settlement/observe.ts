import type { Block, Receipt } from '../chain/eth-schemas.js';
import type { EthNode } from '../chain/eth-node.js';
import { finalBlock, type Finality } from '../chain/finality.js';
import type { Attempt, Settlement } from './settlement-rows.js';

/** Where one node stands. */
export interface ChainView {
  head: Block;
  final: Block | null;
}

export async function viewOf(node: EthNode, finality: Finality): Promise<ChainView> {
  const head = await node.head();
  return { head, final: await finalBlock(node, finality, head) };
}

/** What one node says about a settlement at one moment. */
export type Observation =
  | { kind: 'mined'; attempt: Attempt; receipt: Receipt; block: Block; isFinal: boolean }
  /** No attempt is in a block of this node's chain. */
  | { kind: 'absent' }
  /** Another tx has the nonce; `isFinal` when that can no longer change. */
  | { kind: 'nonce-consumed'; isFinal: boolean }
  /** The node has not seen the block in which the settlement was mined: its silence says nothing. */
  | { kind: 'node-behind' };

/** Asks about the hashes of all attempts: any of them may have been mined, whatever was meant to replace it. */
export async function observe(
  node: EthNode,
  view: ChainView,
  settlement: Settlement,
  attempts: readonly Attempt[],
): Promise<Observation> {
  for (const attempt of attempts) {
    const receipt = await node.receipt(attempt.txHash);
    if (!receipt) continue;
    const block = await node.block(receipt.blockNumber);
    // A receipt of a block that is not in the chain is a memory of a fork.
    if (block?.hash !== receipt.blockHash) continue;
    const isFinal = view.final !== null && receipt.blockNumber <= view.final.number;
    return { kind: 'mined', attempt, receipt, block, isFinal };
  }
  const { minedBlockNumber } = settlement;
  if (minedBlockNumber !== null && view.head.number < minedBlockNumber) return { kind: 'node-behind' };
  if ((await node.nonce(settlement.fromAddress, 'latest')) <= settlement.nonce) return { kind: 'absent' };
  const { final } = view;
  const isFinal =
    final !== null && (await node.nonce(settlement.fromAddress, final.number)) > settlement.nonce;
  return { kind: 'nonce-consumed', isFinal };
}

/** Whether two nodes tell the same end: the same tx in the same final block with the same events. */
export function isSameEnd(one: Observation, other: Observation): boolean {
  if (one.kind === 'nonce-consumed') return other.kind === 'nonce-consumed' && one.isFinal && other.isFinal;
  if (one.kind !== 'mined' || other.kind !== 'mined' || !one.isFinal || !other.isFinal) return false;
  return essence(one.receipt) === essence(other.receipt);
}

const essence = ({ transactionHash, blockHash, status, logs, ...receipt }: Receipt): string =>
  [
    ...[transactionHash, blockHash, status, receipt.gasUsed, receipt.effectiveGasPrice],
    ...logs.map(({ address, topics, data, logIndex }) => [address, ...topics, data, logIndex].join(' ')),
  ].join('\n');
