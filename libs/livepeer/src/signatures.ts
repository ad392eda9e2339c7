import { SigningKey, keccak256 } from 'ethers/crypto';
import { hashMessage } from 'ethers/hash';
import { computeAddress } from 'ethers/transaction';
import { getBytes, toUtf8Bytes } from 'ethers/utils';

/** secp256k1's group order, halved: a signature with a larger `s` is refused by go-livepeer. */
const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** A gateway proves who it is to an orchestrator by signing its own address, as text, exactly as it is sent. */
export const tokenMessage = (address: string): string => address;

/** The orchestrator's proof of a job covers these two and nothing else: not the capability, the id or the body. */
export const jobMessage = (request: string, parameters: string): string => request + parameters;

/** EIP-191 over the 32-byte Keccak hash of the message, as go-livepeer signs: 65 bytes, `v` 27 or 28, low `s`. */
export function signMessage(privateKey: string, message: string): string {
  return new SigningKey(privateKey).sign(digest(message)).serialized;
}

/** The EIP-55 address that signed, or undefined when the signature is malformed or not in go-livepeer's form. */
export function recoverSigner(message: string, signature: string): string | undefined {
  // go-livepeer cuts off two characters, whatever they are, when there are more than 130.
  const hex = signature.length > 130 ? signature.slice(2) : signature;
  if (!/^[0-9a-fA-F]{128}(?:1[bcBC])$/.test(hex)) return undefined;
  if (BigInt(`0x${hex.slice(64, 128)}`) > halfOrder) return undefined;
  try {
    return computeAddress(SigningKey.recoverPublicKey(digest(message), `0x${hex}`));
  } catch {
    return undefined;
  }
}

function digest(message: string): string {
  return hashMessage(getBytes(keccak256(toUtf8Bytes(message))));
}
