import { AbiCoder, getBytes, Interface, keccak256, Signature, TypedDataEncoder, type Wallet } from 'ethers';

import type { Hex } from '#platform';

/** EIP-712 domain of a token; EIP-3009 signatures hold for this token on this chain only. */
export interface TokenDomain {
  name: string;
  version: string;
  chainId: bigint;
  verifyingContract: string;
}

/** EIP-3009: who may be paid how much, once, by whoever brings it to the chain. */
export interface Authorization {
  from: string;
  to: string;
  /** In the token's smallest unit. */
  value: bigint;
  /** Unix seconds; the token refuses it from this block time on. */
  validBefore: bigint;
  nonce: Hex;
}

const types = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
};

const transferWithAuthorization = new Interface([
  'function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
]);

const isHex32 = (text: string): text is Hex => /^0x[0-9a-f]{64}$/.test(text);

/** The bytes of a UUID; `bytes16` in the ABI. */
function uuidBytes(uuid: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw new Error(`${uuid} is not a UUID`);
  return getBytes(`0x${uuid.replaceAll('-', '')}`);
}

/**
 * `keccak256(abi.encode(uint256 chainId, address token, bytes16 ledgerId, bytes16 payoutId))`: one payout has one
 * nonce for ever, so that the token itself refuses to pay it twice. Public contract (docs/settlement.md).
 */
export function authorizationNonce(chainId: bigint, token: string, ledgerId: string, payoutId: string): Hex {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['uint256', 'address', 'bytes16', 'bytes16'],
    [chainId, token, uuidBytes(ledgerId), uuidBytes(payoutId)],
  );
  const hash = keccak256(encoded);
  if (!isHex32(hash)) throw new Error('keccak256 gave no 32 bytes');
  return hash;
}

export const domainSeparator = ({ name, version, chainId, verifyingContract }: TokenDomain): string =>
  TypedDataEncoder.hashDomain({ name, version, chainId, verifyingContract });

function encode(
  { from, to, value, validBefore, nonce }: Authorization,
  v: number,
  r: string,
  s: string,
): string {
  const values = [from, to, value, 0n, validBefore, nonce, v, r, s];
  return transferWithAuthorization.encodeFunctionData('transferWithAuthorization', values);
}

/** Calldata that pays, signed by the treasury. From here on whoever sees it may bring it to the chain. */
export async function signAuthorization(
  treasury: Wallet,
  domain: TokenDomain,
  authorization: Authorization,
): Promise<string> {
  const { from, to, value, validBefore, nonce } = authorization;
  if (treasury.address !== from) throw new Error(`the treasury is ${treasury.address}, not ${from}`);
  const message = { from, to, value, validAfter: 0n, validBefore, nonce };
  const { name, version, chainId, verifyingContract } = domain;
  const signed = await treasury.signTypedData({ name, version, chainId, verifyingContract }, types, message);
  const { v, r, s } = Signature.from(signed);
  return encode(authorization, v, r, s);
}

/** The same size and shape, but worthless: for estimates, which a stranger's node may see. */
export const unsignedAuthorization = (authorization: Authorization): string =>
  encode(authorization, 27, keccak256('0x01'), keccak256('0x02'));
