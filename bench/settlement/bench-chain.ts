import { deployLocalToken, developmentKeys, startAnvil } from '#payments/testing';
import { id, toBeHex, Wallet, zeroPadValue } from 'ethers';
import { request } from 'undici';
import { z } from 'zod';

import type { CleanUp } from '../run/clean-up.js';

/** As in the local stack. */
const blockTimeSeconds = 2;

const quantity = z.string().transform(BigInt);
const answerSchema = z.object({ result: z.unknown() });
const logsSchema = z.array(z.object({ transactionHash: z.string() }));
const receiptSchema = z.object({ gasUsed: quantity });

/** One tx with payouts in it. */
export interface PayoutTx {
  payouts: number;
  gas: number;
}

/** The chain of the local stack: a real EVM node whose blocks come every two seconds and with each tx. */
export class BenchChain {
  private seenToBlock = -1n;

  private constructor(
    readonly rpcUrl: string,
    readonly tokenAddress: string,
  ) {}

  static async start(cleanUp: CleanUp): Promise<BenchChain> {
    const anvil = await startAnvil({ blockTimeSeconds });
    cleanUp.add(() => anvil.stop());
    const { rpcUrl } = anvil;
    const { tokenAddress } = await deployLocalToken({ rpcUrl, microUsd: 10n ** 15n });
    const chain = new BenchChain(rpcUrl, tokenAddress);
    await chain.newPayoutTxs();
    return chain;
  }

  /** Those that have been mined since the last call. */
  async newPayoutTxs(): Promise<PayoutTx[]> {
    const head = quantity.parse(await this.ask('eth_blockNumber', []));
    const logs = logsSchema.parse(
      await this.ask('eth_getLogs', [
        {
          address: this.tokenAddress,
          topics: [
            id('Transfer(address,address,uint256)'),
            zeroPadValue(new Wallet(developmentKeys.payer).address, 32),
          ],
          fromBlock: toBeHex(this.seenToBlock + 1n).replace(/^0x0+(?=.)/, '0x'),
          toBlock: toBeHex(head).replace(/^0x0+(?=.)/, '0x'),
        },
      ]),
    );
    this.seenToBlock = head;
    const payouts = new Map<string, number>();
    for (const { transactionHash } of logs)
      payouts.set(transactionHash, (payouts.get(transactionHash) ?? 0) + 1);
    return Promise.all(
      [...payouts].map(async ([txHash, count]) => {
        const receipt = receiptSchema.parse(await this.ask('eth_getTransactionReceipt', [txHash]));
        return { payouts: count, gas: Number(receipt.gasUsed) };
      }),
    );
  }

  private async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const { body } = await request(this.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return answerSchema.parse(await body.json()).result;
  }
}
