import { addressSchema } from '#platform';

import { curve as fastestCurve, type Curve } from './curve.js';
import { keccak256 } from './keccak.js';
import { reportDigest, toHex } from './typed-data.js';
import type { SignedReport, UptimeReport } from './uptime-report.js';

export class InvalidPrivateKeyError extends Error {
  constructor() {
    // The value itself is never part of the message: it may be a real key with a typing error.
    super('A private key is 32 bytes in hexadecimal, 0x and 64 digits, and not zero');
    this.name = 'InvalidPrivateKeyError';
  }
}

export class InvalidSignatureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidSignatureError';
  }
}

/** Address of an uncompressed public key, without the checksum of EIP-55. */
const lowerCaseAddressOf = (publicKey: Uint8Array): string =>
  toHex(keccak256(publicKey.subarray(1)).subarray(12));

export function parsePrivateKey(text: string, curve: Curve = fastestCurve): Uint8Array {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim())?.[1];
  const key = digits === undefined ? undefined : Buffer.from(digits, 'hex');
  if (!key || !curve.isPrivateKey(key)) throw new InvalidPrivateKeyError();
  return key;
}

/** Signs reports with the key that identifies a worker. */
export class ReportSigner {
  readonly address: string;
  readonly #privateKey: Uint8Array;

  private constructor(
    privateKey: Uint8Array,
    private readonly curve: Curve,
  ) {
    this.#privateKey = privateKey;
    this.address = addressSchema.parse(lowerCaseAddressOf(curve.publicKey(privateKey)));
  }

  /** @throws InvalidPrivateKeyError */
  static fromPrivateKey(privateKey: string, curve: Curve = fastestCurve): ReportSigner {
    return new ReportSigner(parsePrivateKey(privateKey, curve), curve);
  }

  /** @param hashOfServices of `statement.services`, when it is known already */
  sign(
    statement: Omit<UptimeReport, 'workerAddress' | 'version'>,
    hashOfServices?: Uint8Array,
  ): SignedReport {
    const report: UptimeReport = { ...statement, version: 1, workerAddress: this.address };
    const digest = reportDigest(report, hashOfServices);
    const { signature, recoveryId } = this.curve.sign(digest, this.#privateKey);
    return { report, signature: `${toHex(signature)}${(27 + recoveryId).toString(16)}` };
  }
}

/** Half the order of the group: a larger s is the second, malleable form of the same signature. */
const highestLowS = 0x7fffffff_ffffffff_ffffffff_ffffffff_5d576e73_57a4501d_dfe92f46_681b20a0n;

/**
 * The worker that signed this report: its EIP-55 address, equal to the one that the report names.
 * @throws InvalidSignatureError when the signature is not canonical, matches no key or belongs to another key than the
 * report names, which is what a report looks like that was changed after it was signed
 */
export function recoverReportSigner(signed: SignedReport, curve: Curve = fastestCurve): string {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signed.signature)) {
    throw new InvalidSignatureError('The signature is not 65 bytes in hexadecimal');
  }
  const bytes = Buffer.from(signed.signature.slice(2), 'hex');
  const rs = bytes.subarray(0, 64);
  const v = bytes[64];
  if (v !== 27 && v !== 28) throw new InvalidSignatureError('The last byte of the signature is not 27 or 28');
  if (BigInt(toHex(rs.subarray(32))) > highestLowS) {
    throw new InvalidSignatureError(
      'The signature is not canonical: its s lies in the upper half of the group',
    );
  }
  const publicKey = curve.recover(reportDigest(signed.report), rs, v === 27 ? 0 : 1);
  if (!publicKey) throw new InvalidSignatureError('No key can have made this signature');
  const { workerAddress } = signed.report;
  if (lowerCaseAddressOf(publicKey) !== workerAddress.toLowerCase()) {
    throw new InvalidSignatureError(
      `The signature is not that of the worker ${workerAddress} whom the report names: signed by another key, or changed afterwards`,
    );
  }
  return workerAddress;
}
