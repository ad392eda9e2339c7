import { AbiCoder, concat, getCreate2Address, Interface, keccak256, Wallet, ZeroHash } from 'ethers';
import { z } from 'zod';

import { delay, type Hex } from '#platform';

import { multicall3Address } from '../src/chain/multicall3.js';
import { RpcEndpoint } from '../src/chain/rpc-endpoint.js';
import { readContractArtifact } from './contract-artifact.js';
import { developmentKeys } from './development-keys.js';

/** The deployment proxy that anvil starts with: an address follows from the code alone, not from any nonce. */
const create2Factory = '0x4e59b44847b379578588920cA78FbF26c0B4956C';

const receiptLimitMs = 30_000;
const code = z.string();
const quantity = z.string().transform(BigInt);
const receiptSchema = z.object({ status: z.string() }).nullable();

const tokenInterface = new Interface([
  'function balanceOf(address) view returns (uint256)',
  'function mint(address to, uint256 value)',
  'function blacklist(address account)',
  'function unBlacklist(address account)',
  'function pause()',
  'function unpause()',
]);

/** Signs, sends and waits: for local chains only, where nobody else uses the key. */
async function sendFrom(rpc: RpcEndpoint, key: Hex, to: string, data: string): Promise<void> {
  const wallet = new Wallet(key);
  const raw = await wallet.signTransaction({
    type: 2,
    chainId: await rpc.call('eth_chainId', [], quantity),
    nonce: Number(await rpc.call('eth_getTransactionCount', [wallet.address, 'pending'], quantity)),
    to,
    data,
    gasLimit: 3_000_000n,
    maxFeePerGas: 10n * (await rpc.call('eth_gasPrice', [], quantity)),
    maxPriorityFeePerGas: 1n,
  });
  const hash = await rpc.call('eth_sendRawTransaction', [raw], z.string());
  for (const deadline = Date.now() + receiptLimitMs; Date.now() < deadline;) {
    const receipt = await rpc.call('eth_getTransactionReceipt', [hash], receiptSchema);
    if (receipt?.status === '0x1') return;
    if (receipt) throw new Error(`The local chain refused a tx to ${to}`);
    await delay(20);
  }
  throw new Error(`The local chain did not mine a tx to ${to} within 30 s`);
}

export interface LocalTokenOptions {
  rpcUrl: string;
  deployerKey?: Hex;
  /** Who is given test dollars when it has less than `microUsd`. */
  payerAddress?: string;
  /** The payer's balance afterwards, at least. One million dollars unless given. */
  microUsd?: bigint;
}

export interface LocalToken {
  tokenAddress: string;
  multicall3Address: string;
  balanceMicroUsd(address: string): Promise<bigint>;
  mint(address: string, microUsd: bigint): Promise<void>;
  blacklist(address: string): Promise<void>;
  unBlacklist(address: string): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
}

/**
 * Puts the test USDC and the stand-in for Multicall3 on a local chain, unless they are there, and gives the payer
 * test dollars. The token's address is the same on every local chain with the same deployer.
 */
export async function deployLocalToken(options: LocalTokenOptions): Promise<LocalToken> {
  const { rpcUrl, deployerKey = developmentKeys.deployer, microUsd = 1_000_000_000_000n } = options;
  const rpc = new RpcEndpoint(rpcUrl);
  const usdc = await readContractArtifact('TestUsdc');
  const multicall = await readContractArtifact('LocalMulticall3');
  const owner = new Wallet(deployerKey).address;
  const initCode = concat([usdc.bytecode, AbiCoder.defaultAbiCoder().encode(['address'], [owner])]);
  const tokenAddress = getCreate2Address(create2Factory, ZeroHash, keccak256(initCode));

  if ((await rpc.call('eth_getCode', [multicall3Address, 'latest'], code)) === '0x') {
    await rpc.call('anvil_setCode', [multicall3Address, multicall.deployedBytecode], z.unknown());
  }
  if ((await rpc.call('eth_getCode', [tokenAddress, 'latest'], code)) === '0x') {
    await sendFrom(rpc, deployerKey, create2Factory, concat([ZeroHash, initCode]));
  }
  const asOwner = (name: string, values: readonly unknown[]) =>
    sendFrom(rpc, deployerKey, tokenAddress, tokenInterface.encodeFunctionData(name, values));
  const token: LocalToken = {
    tokenAddress,
    multicall3Address,
    balanceMicroUsd: (address) =>
      rpc.call(
        'eth_call',
        [{ to: tokenAddress, data: tokenInterface.encodeFunctionData('balanceOf', [address]) }, 'latest'],
        quantity,
      ),
    mint: (address, amount) => asOwner('mint', [address, amount]),
    blacklist: (address) => asOwner('blacklist', [address]),
    unBlacklist: (address) => asOwner('unBlacklist', [address]),
    pause: () => asOwner('pause', []),
    unpause: () => asOwner('unpause', []),
  };
  const payer = options.payerAddress ?? new Wallet(developmentKeys.payer).address;
  const balance = await token.balanceMicroUsd(payer);
  if (balance < microUsd) await token.mint(payer, microUsd - balance);
  return token;
}
