import { ZeroAddress, computeAddress, hexlify, randomBytes } from 'ethers';

import { jobMessage, tokenMessage } from '../src/signatures.js';
import { encodeGoString } from './go-json.js';
import { quickSignature } from './signature-cache.js';

/** The gateway's Ethereum account, which signs its requests to orchestrators. */
export interface GatewaySender {
  address: string;
  /** `0x` and 130 hex digits; `0x` alone without an account. */
  signJob(request: string, parameters: string): string;
  /** The value of `Livepeer-Eth-Address`. */
  tokenHeader: string;
}

export function accountSender(privateKey = hexlify(randomBytes(32))): GatewaySender {
  const address = computeAddress(privateKey);
  return {
    address,
    signJob: (request, parameters) => quickSignature(privateKey, jobMessage(request, parameters)),
    tokenHeader: tokenHeader(address, quickSignature(privateKey, tokenMessage(address))),
  };
}

/** `-network offchain`: no account, so an empty signature, which every orchestrator refuses. */
export function offchainSender(): GatewaySender {
  return { address: ZeroAddress, signJob: () => '0x', tokenHeader: tokenHeader(ZeroAddress, '0x') };
}

function tokenHeader(address: string, signature: string): string {
  const json = `{"addr":${encodeGoString(address)},"sig":${encodeGoString(signature)}}`;
  return Buffer.from(json, 'utf8').toString('base64');
}
