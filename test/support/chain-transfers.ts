import { Interface, toBeHex, zeroPadValue } from 'ethers';
import { z } from 'zod';

const erc20 = new Interface(['event Transfer(address indexed from, address indexed to, uint256 value)']);
const transferTopic = erc20.getEvent('Transfer')?.topicHash;
const answerSchema = z.object({ result: z.unknown() });
const logsSchema = z.array(z.object({ data: z.string(), transactionHash: z.string() }));

async function rpc(url: string, method: string, params: unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return answerSchema.parse(await response.json()).result;
}

/** What the token itself says that `from` has sent, in its smallest unit, up to the block that is final. */
export async function sentByTransferEvents(rpcUrl: string, token: string, from: string): Promise<bigint> {
  const head = BigInt(z.string().parse(await rpc(rpcUrl, 'eth_blockNumber', [])));
  const final = head > 2n ? head - 2n : 0n;
  const logs = await rpc(rpcUrl, 'eth_getLogs', [
    {
      address: token,
      fromBlock: '0x0',
      toBlock: toBeHex(final).replace(/^0x0+(?=.)/, '0x'),
      topics: [transferTopic, zeroPadValue(from, 32)],
    },
  ]);
  return logsSchema.parse(logs).reduce((sum, { data }) => sum + BigInt(data), 0n);
}
