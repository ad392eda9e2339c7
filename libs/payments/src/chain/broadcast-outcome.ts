import { RpcRefusal } from './rpc-error.js';

/**
 * What a node's answer to a raw tx means. Only `accepted` and `known` say that the node has it; none says that it
 * will never be mined.
 */
export type BroadcastClass =
  | 'accepted'
  | 'known'
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'replacement-underpriced'
  | 'fee-too-low'
  | 'insufficient-funds'
  | 'terminal'
  | 'ambiguous';

/**
 * Nodes have no codes for these cases, only sentences, and each implementation its own
 * (geth, Nitro, Nethermind, Erigon, Besu, Reth, anvil, hardhat). The order matters: the narrower pattern first.
 */
const patterns: readonly (readonly [BroadcastClass, RegExp])[] = [
  ['known', /already known|already imported|same hash was already|(^|[^n])known transaction/],
  ['nonce-too-low', /nonce too low|nonce is too low|nonce has already been used|incorrect account sequence/],
  [
    'nonce-too-high',
    /nonce too high|nonce is too high|too far in the future|exceeds next nonce|nonce.*out of range/,
  ],
  ['replacement-underpriced', /replacement transaction underpriced|replacement fee too low/],
  [
    'fee-too-low',
    /max fee per gas less than block base fee|transaction underpriced|fee cap less than|feecap too low/,
  ],
  ['insufficient-funds', /insufficient funds|doesn't have enough funds|insufficient balance/],
  [
    'terminal',
    /intrinsic gas too low|exceeds block gas limit|invalid sender|chain ?id|type not supported|oversized data|gas limit too high/,
  ],
];

export function classifyRefusal(reason: string): BroadcastClass {
  const lower = reason.toLowerCase();
  return patterns.find(([, pattern]) => pattern.test(lower))?.[0] ?? 'ambiguous';
}

/** Silence of any kind, and every refusal in words that are not known, leaves it open whether the tx was taken. */
export const classifyFailure = (error: unknown): BroadcastClass =>
  error instanceof RpcRefusal ? classifyRefusal(error.reason) : 'ambiguous';

/** The most telling of several nodes' answers: one node that has the tx outweighs all that refuse it. */
const weight: readonly BroadcastClass[] = [
  'accepted',
  'known',
  'nonce-too-low',
  'ambiguous',
  'replacement-underpriced',
  'fee-too-low',
  'insufficient-funds',
  'nonce-too-high',
  'terminal',
];

export const mostTelling = (classes: readonly BroadcastClass[]): BroadcastClass =>
  weight.find((each) => classes.includes(each)) ?? 'ambiguous';
