import { z } from 'zod';

import { type Hex, hex32Schema } from '#platform';

import {
  type Block,
  blockSchema,
  type EventLog,
  hexSchema,
  logSchema,
  quantitySchema,
  type Receipt,
  receiptSchema,
} from './eth-schemas.js';
import type { RpcEndpoint } from './rpc-endpoint.js';
import { RpcSilence } from './rpc-error.js';

export type BlockTag = 'latest' | 'finalized' | bigint;

export interface LogFilter {
  address: string;
  /** One entry for each topic; several alternatives in an array, null for any. */
  topics: readonly (string | readonly string[] | null)[];
  fromBlock: bigint;
  toBlock: bigint;
}

export interface CallRequest {
  to: string;
  data: string;
  from?: string;
}

const quantity = (value: bigint): string => `0x${value.toString(16)}`;
const tagOf = (tag: BlockTag): string => (typeof tag === 'bigint' ? quantity(tag) : tag);

/** The questions that are asked of one Ethereum node. Answers of one node belong together, those of two may not. */
export class EthNode {
  constructor(
    private readonly rpc: RpcEndpoint,
    private readonly signal?: AbortSignal,
    private readonly noteHead: (number: bigint) => void = () => undefined,
  ) {}

  get name(): string {
    return this.rpc.name;
  }

  chainId(): Promise<bigint> {
    return this.ask('eth_chainId', [], quantitySchema);
  }

  block(tag: BlockTag): Promise<Block | null> {
    return this.ask('eth_getBlockByNumber', [tagOf(tag), false], blockSchema.nullable());
  }

  async head(): Promise<Block> {
    const block = await this.block('latest');
    if (!block) throw new RpcSilence('eth_getBlockByNumber', this.name, 'it has no latest block');
    this.noteHead(block.number);
    return block;
  }

  receipt(txHash: Hex): Promise<Receipt | null> {
    return this.ask('eth_getTransactionReceipt', [txHash], receiptSchema.nullable());
  }

  /** How many txs of `address` are in blocks up to `tag`: the nonce of its next one. */
  nonce(address: string, tag: BlockTag): Promise<bigint> {
    return this.ask('eth_getTransactionCount', [address, tagOf(tag)], quantitySchema);
  }

  balanceWei(address: string, tag: BlockTag = 'latest'): Promise<bigint> {
    return this.ask('eth_getBalance', [address, tagOf(tag)], quantitySchema);
  }

  code(address: string): Promise<Hex> {
    return this.ask('eth_getCode', [address, 'latest'], hexSchema);
  }

  call(request: CallRequest, tag: BlockTag = 'latest'): Promise<Hex> {
    return this.ask('eth_call', [request, tagOf(tag)], hexSchema);
  }

  estimateGas(request: CallRequest): Promise<bigint> {
    return this.ask('eth_estimateGas', [request], quantitySchema);
  }

  priorityFeeWei(): Promise<bigint> {
    return this.ask('eth_maxPriorityFeePerGas', [], quantitySchema);
  }

  logs({ address, topics, fromBlock, toBlock }: LogFilter): Promise<EventLog[]> {
    const filter = { address, topics, fromBlock: quantity(fromBlock), toBlock: quantity(toBlock) };
    return this.ask('eth_getLogs', [filter], z.array(logSchema));
  }

  /** Returns the hash that the node gives the tx. @throws RpcRefusal, RpcSilence: it may be on its way all the same */
  send(rawTx: string): Promise<Hex> {
    return this.ask('eth_sendRawTransaction', [rawTx], hex32Schema);
  }

  private ask<S extends z.ZodType>(method: string, parameters: readonly unknown[], schema: S) {
    return this.rpc.call(method, parameters, schema, this.signal);
  }
}
