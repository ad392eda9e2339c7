import { Interface } from 'ethers';
import { z } from 'zod';

import type { Hex } from '#platform';

import { hexSchema } from './eth-schemas.js';

/** The same on every public chain that has it; the local chain is given a stand-in (contracts/LocalMulticall3.sol). */
export const multicall3Address = '0xcA11bde05977b3631167028862bE2a173976CA11';

const multicall3 = new Interface([
  'function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[] returnData)',
]);

export interface ContractCall {
  target: string;
  data: string;
}

export interface CallOutcome {
  success: boolean;
  data: Hex;
}

/** Calldata that runs the calls in order, each of them allowed to fail alone. */
export const encodeAggregate = (calls: readonly ContractCall[]): string =>
  multicall3.encodeFunctionData('aggregate3', [calls.map(({ target, data }) => [target, true, data])]);

const answerSchema = z.tuple([z.array(z.tuple([z.boolean(), hexSchema]))]);

/** What each call answered, in the order of the calls. */
export function decodeAggregate(answer: string): CallOutcome[] {
  const decoded: unknown = multicall3.decodeFunctionResult('aggregate3', answer).toArray(true);
  const [outcomes] = answerSchema.parse(decoded);
  return outcomes.map(([success, data]) => ({ success, data }));
}
