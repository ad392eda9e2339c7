import { developmentKeys } from '#payments/testing';
import { Contract, hexlify, JsonRpcProvider, randomBytes, Signature, Wallet } from 'ethers';
import { z } from 'zod';

const usdcInterface = [
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
];
/** EIP-3009 */
const transferTypes = {
  TransferWithAuthorization: [
    ...[
      { name: 'from', type: 'address' },
      { name: 'to', type: 'address' },
    ],
    ...[
      { name: 'value', type: 'uint256' },
      { name: 'validAfter', type: 'uint256' },
    ],
    ...[
      { name: 'validBefore', type: 'uint256' },
      { name: 'nonce', type: 'bytes32' },
    ],
  ],
};

/** By the treasury's key, past the books. */
export async function payPastTheBooks(
  chain: { rpcUrl: string; tokenAddress: string },
  { to, value }: { to: string; value: bigint },
): Promise<void> {
  const provider = new JsonRpcProvider(chain.rpcUrl);
  const treasury = new Wallet(developmentKeys.payer);
  const usdc = new Contract(
    chain.tokenAddress,
    usdcInterface,
    new Wallet(developmentKeys.stranger, provider),
  );
  const authorization = {
    ...{ from: treasury.address, to, value, validAfter: 0n, validBefore: 4_000_000_000n },
    nonce: hexlify(randomBytes(32)),
  };
  const domain = {
    name: z.string().parse(await usdc.getFunction('name').staticCall()),
    version: z.string().parse(await usdc.getFunction('version').staticCall()),
    ...{ chainId: 31_337n, verifyingContract: chain.tokenAddress },
  };
  const { v, r, s } = Signature.from(await treasury.signTypedData(domain, transferTypes, authorization));
  await usdc.getFunction('transferWithAuthorization').send(...Object.values(authorization), v, r, s);
  provider.destroy();
}
