import { isNodeFailure } from './rpc-pool.js';

/** What was asked cannot be told now: no node answers, nodes do not agree, or a guard has refused. */
export class ChainUnavailableError extends Error {
  override readonly name = 'ChainUnavailableError';
}

export const isChainFailure = (error: unknown): error is Error =>
  error instanceof ChainUnavailableError || isNodeFailure(error);
