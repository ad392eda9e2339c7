import { addressSchema } from '#platform';
import { z } from 'zod';

import { askJson } from '../surroundings/ask-json.js';
import type { PaymentAnswer } from './distributor-client.js';
import { StepFailed, StepSkipped } from './step.js';
import type { Step } from './step.js';

export interface ChainSide {
  rpcUrl: string | undefined;
  tokenAddress: string | undefined;
  payerAddress: string | undefined;
  payment: () => PaymentAnswer | undefined;
}

/** keccak256('Transfer(address,address,uint256)') */
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
/** The function selector of `decimals()`. */
const decimalsCall = '0x313ce567';
/** Micro-dollars: what amounts are counted in. */
const microDecimals = 6;

const envelopeSchema = z.object({
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
});
const hexSchema = z.string().regex(/^0x[0-9a-fA-F]*$/);
const receiptSchema = z
  .object({
    status: hexSchema,
    blockNumber: hexSchema,
    logs: z.array(z.object({ address: hexSchema, topics: z.array(hexSchema), data: hexSchema })),
  })
  .nullable();

export function chainStep(side: ChainSide): Step {
  return { name: 'chain', needs: ['payout'], run: () => checkChain(side) };
}

async function checkChain({ rpcUrl, tokenAddress, payerAddress, payment }: ChainSide): Promise<string> {
  const paid = payment();
  if (paid?.method === 'ledger') throw new StepSkipped('payouts of method ledger are paid outside any chain');
  if (!paid?.tx_hash || paid.payout_address === null) throw new StepFailed('the payout names no transaction');
  if (rpcUrl === undefined) throw new StepFailed('nobody said how to reach the chain: --rpc (ETH_RPC_URL)');
  if (tokenAddress === undefined) throw new StepFailed('nobody said which token: --token (TOKEN_ADDRESS)');

  const receipt = await rpc(rpcUrl, 'eth_getTransactionReceipt', [paid.tx_hash], receiptSchema);
  if (receipt === null) throw new StepFailed(`the chain does not know the transaction ${paid.tx_hash}`);
  if (BigInt(receipt.status) !== 1n)
    throw new StepFailed(`the transaction ${paid.tx_hash} failed on the chain`);
  const block = Number(BigInt(receipt.blockNumber));
  if (paid.block_number !== null && paid.block_number !== block) {
    throw new StepFailed(`the transaction is in block ${block}, the books say ${paid.block_number}`);
  }

  const decimals = Number(
    BigInt(await rpc(rpcUrl, 'eth_call', [{ to: tokenAddress, data: decimalsCall }, 'latest'], hexSchema)),
  );
  const units = toUnits(paid.amount_usd, decimals);
  const transfer = receipt.logs.find(
    ({ address, topics, data }) =>
      sameAddress(address, tokenAddress) &&
      topics[0]?.toLowerCase() === transferTopic &&
      isAddressTopic(topics[1], payerAddress) &&
      isAddressTopic(topics[2], paid.payout_address ?? undefined) &&
      BigInt(data) === units,
  );
  if (transfer === undefined) {
    throw new StepFailed(
      `the transaction ${paid.tx_hash} holds no Transfer of ${units} units from ${payerAddress ?? 'anybody'} to ${paid.payout_address}`,
    );
  }
  return `transaction ${paid.tx_hash} in block ${block}: Transfer of ${units} token units to ${paid.payout_address}`;
}

function toUnits(microUsd: bigint, decimals: number): bigint {
  return decimals >= microDecimals
    ? microUsd * 10n ** BigInt(decimals - microDecimals)
    : microUsd / 10n ** BigInt(microDecimals - decimals);
}

function sameAddress(a: string, b: string): boolean {
  const [left, right] = [addressSchema.safeParse(a), addressSchema.safeParse(b)];
  return left.success && right.success && left.data === right.data;
}

/** A 32-byte topic that holds this address; any address when nobody said which. */
function isAddressTopic(topic: string | undefined, address: string | undefined): boolean {
  if (topic?.length !== 66) return false;
  return address === undefined || sameAddress(`0x${topic.slice(26).toLowerCase()}`, address);
}

async function rpc<S extends z.ZodType>(
  url: string,
  method: string,
  params: unknown[],
  result: S,
): Promise<z.output<S>> {
  const answer = await askJson('the chain', url, envelopeSchema, {
    method: 'POST',
    body: { jsonrpc: '2.0', id: 1, method, params },
  });
  if (answer.error !== undefined)
    throw new StepFailed(`the chain refused ${method}: ${answer.error.message}`);
  const parsed = result.safeParse(answer.result);
  if (parsed.success) return parsed.data;
  throw new StepFailed(`the chain answered ${method} with something else than expected`);
}
