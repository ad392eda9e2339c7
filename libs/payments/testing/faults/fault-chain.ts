import { Transaction, Wallet } from 'ethers';
import { z } from 'zod';

import { delay, type Hex, Loop } from '#platform';

import { RpcEndpoint } from '../../src/chain/rpc-endpoint.js';
import { deployLocalToken, type LocalToken } from '../deploy-local-token.js';
import { developmentKeys } from '../development-keys.js';
import { type Anvil, startAnvil } from '../start-anvil.js';

const quantity = z.string().transform(BigInt);
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** So often comes an empty block, besides those that txs bring. */
const blockEveryMs = 250;
const calmLimitMs = 10_000;
/** More than all gas of any run costs. */
const plentyWei = 10n ** 22n;

const logSchema = z.object({
  topics: z.array(z.string()),
  data: z.string(),
  transactionHash: z.string(),
  blockNumber: quantity,
});
const receiptSchema = z.object({ gasUsed: quantity, effectiveGasPrice: quantity });

const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

/** One payment as the token recorded it. */
export interface SeenTransfer {
  to: string;
  microUsd: bigint;
  txHash: string;
}

/** A real chain whose owner may do anything with it; never seen through a proxy. */
export class FaultChain {
  private readonly blocks: Loop;

  private constructor(
    private readonly anvil: Anvil,
    readonly token: LocalToken,
    private readonly rpc: RpcEndpoint,
    readonly treasury: string,
    readonly gasPayer: string,
  ) {
    this.blocks = new Loop({
      name: 'blocks',
      everyMs: blockEveryMs,
      run: () => this.mine(1),
    });
    this.blocks.start();
  }

  static async start(): Promise<FaultChain> {
    const anvil = await startAnvil();
    const treasury = new Wallet(developmentKeys.payer).address;
    const token = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress: treasury });
    const gasPayer = new Wallet(developmentKeys.gasPayer).address;
    const chain = new FaultChain(anvil, token, new RpcEndpoint(anvil.rpcUrl), treasury, gasPayer);
    await chain.mine(3);
    await chain.fillGasWallet();
    return chain;
  }

  get rpcUrl(): string {
    return this.anvil.rpcUrl;
  }

  /** No more empty blocks: what is mined stays short of final. */
  async holdBlocks(): Promise<void> {
    await this.blocks.stop();
  }

  releaseBlocks(): void {
    this.blocks.start();
  }

  async mine(blocks: number): Promise<void> {
    await this.rpc.call('anvil_mine', [hex(blocks)], z.unknown());
  }

  async automine(on: boolean): Promise<void> {
    await this.rpc.call('evm_setAutomine', [on], z.unknown());
  }

  /** The newest block is replaced by an empty one; its txs are in no pool. */
  async reorganise(): Promise<void> {
    await this.rpc.call('anvil_reorg', [1, []], z.unknown());
  }

  async drop(txHash: string): Promise<void> {
    await this.rpc.call('anvil_dropTransaction', [txHash], z.unknown());
  }

  async setGas(wei: bigint): Promise<void> {
    await this.rpc.call('anvil_setBalance', [this.gasPayer, hex(wei)], z.unknown());
  }

  fillGasWallet(): Promise<void> {
    return this.setGas(plentyWei);
  }

  async later(seconds: number): Promise<void> {
    await this.rpc.call('evm_increaseTime', [seconds], z.unknown());
    await this.mine(1);
  }

  /** Whether a mined tx of this hash is in the chain. */
  async isMined(txHash: string): Promise<boolean> {
    return (await this.rpc.call('eth_getTransactionReceipt', [txHash], receiptSchema.nullable())) !== null;
  }

  nonceOfGasPayer(): Promise<bigint> {
    return this.rpc.call('eth_getTransactionCount', [this.gasPayer, 'latest'], quantity);
  }

  /** Sends what another signed tx would do, from somebody else's account. */
  async sendAsStranger(rawTx: string): Promise<void> {
    const { to, data } = Transaction.from(rawTx);
    if (to === null) throw new Error('the tx makes a contract');
    await this.sendFrom(developmentKeys.stranger, to, data);
  }

  /** The gas payer's key in other hands. */
  async spendNonce(): Promise<void> {
    await this.sendFrom(developmentKeys.gasPayer, this.treasury, '0x');
  }

  async transfers(): Promise<SeenTransfer[]> {
    const from = `0x${this.treasury.slice(2).toLowerCase().padStart(64, '0')}`;
    const filter = {
      address: this.token.tokenAddress,
      topics: [transferTopic, from],
      fromBlock: '0x0',
      toBlock: 'latest',
    };
    const logs = await this.rpc.call('eth_getLogs', [filter], z.array(logSchema));
    return logs.map(({ topics, data, transactionHash }) => ({
      to: `0x${topics[2]?.slice(26) ?? ''}`,
      microUsd: BigInt(data),
      txHash: transactionHash,
    }));
  }

  /** What the treasury's payments have cost, whoever brought them to the chain. */
  async gasOf(txHashes: readonly string[]): Promise<bigint> {
    let gas = 0n;
    for (const txHash of txHashes) {
      const receipt = await this.rpc.call('eth_getTransactionReceipt', [txHash], receiptSchema.nullable());
      gas += receipt?.gasUsed ?? 0n;
    }
    return gas;
  }

  async stop(): Promise<void> {
    await this.blocks.stop();
    await this.anvil.stop();
  }

  private async sendFrom(key: Hex, to: string, data: string): Promise<void> {
    const wallet = new Wallet(key);
    const nonce = await this.rpc.call('eth_getTransactionCount', [wallet.address, 'latest'], quantity);
    const raw = await wallet.signTransaction({
      ...{ type: 2, chainId: 31_337, gasLimit: 6_000_000n, nonce: Number(nonce), to, data },
      ...{ maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 10n },
    });
    const txHash = await this.rpc.call('eth_sendRawTransaction', [raw], z.string());
    for (const deadline = Date.now() + calmLimitMs; Date.now() < deadline;) {
      if (await this.isMined(txHash)) return;
      await delay(10);
    }
    throw new Error(`a tx from ${wallet.address} was not mined within 10 s`);
  }
}
