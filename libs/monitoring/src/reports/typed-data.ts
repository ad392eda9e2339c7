import type { Hex } from '#platform';

import { keccak256 } from './keccak.js';
import type { ServiceUptime, UptimeReport } from './uptime-report.js';

/** The EIP-712 typed data of a report, in the form that general implementations (ethers, viem) take. */
export const reportDomain = { name: 'BYOC Uptime Report', version: '1' } as const;

export const reportTypes = {
  UptimeReport: [
    { name: 'capability', type: 'string' },
    { name: 'worker', type: 'address' },
    { name: 'engineId', type: 'string' },
    { name: 'from', type: 'uint64' },
    { name: 'to', type: 'uint64' },
    { name: 'services', type: 'ServiceUptime[]' },
    { name: 'allUpMs', type: 'uint64' },
    { name: 'challenge', type: 'bytes32' },
    { name: 'issuedAt', type: 'uint64' },
    { name: 'previousMinuteHash', type: 'bytes32' },
    { name: 'minuteHash', type: 'bytes32' },
  ],
  ServiceUptime: [
    { name: 'name', type: 'string' },
    { name: 'containerIds', type: 'string[]' },
    { name: 'upMs', type: 'uint64' },
    { name: 'inferredUpMs', type: 'uint64' },
    { name: 'downMs', type: 'uint64' },
    { name: 'startingMs', type: 'uint64' },
    { name: 'unknownMs', type: 'uint64' },
  ],
};

/** The message of the typed data: the report under the names that are signed. */
export function reportMessage(report: UptimeReport) {
  return {
    capability: report.capability,
    worker: report.workerAddress,
    engineId: report.engineId,
    from: report.fromMs,
    to: report.toMs,
    services: report.services,
    allUpMs: report.allUpMs,
    challenge: report.challenge,
    issuedAt: report.issuedAtMs,
    previousMinuteHash: report.previousMinuteHash,
    minuteHash: report.minuteHash,
  };
}

// An encoder for exactly this type: the general ones take four times as long per report.

type TypeName = keyof typeof reportTypes;

const signatureOf = (name: TypeName) =>
  `${name}(${reportTypes[name].map((member) => `${member.type} ${member.name}`).join(',')})`;

const keccakOfText = (text: string) => keccak256(Buffer.from(text, 'utf8'));

/** Names of services and capabilities: few, and the same ones in every report. */
const hashesOfNames = new Map<string, Uint8Array>();
const MOST_NAMES = 1_000;

function keccakOfName(name: string): Uint8Array {
  const known = hashesOfNames.get(name);
  if (known) return known;
  const hash = keccakOfText(name);
  // Whoever sends ever new names fills it once, and hashes them anew from then on.
  if (hashesOfNames.size < MOST_NAMES) hashesOfNames.set(name, hash);
  return hash;
}

const serviceTypeHash = keccakOfText(signatureOf('ServiceUptime'));
// A type is followed by the types that it refers to, in alphabetical order.
const reportTypeHash = keccakOfText(signatureOf('UptimeReport') + signatureOf('ServiceUptime'));
const domainSeparator = keccak256(
  Buffer.concat([
    keccakOfText('EIP712Domain(string name,string version)'),
    keccakOfText(reportDomain.name),
    keccakOfText(reportDomain.version),
  ]),
);
const typedDataPrefix = Uint8Array.of(0x19, 0x01);

const WORD = 32;
const uint64Limit = 1n << 64n;

/** The fixed part of one struct: words, written one after the other. */
class Words {
  private readonly bytes: Buffer;
  private offset = 0;

  constructor(count: number) {
    // Out of Node's pool: memory of its own would cost as much as the hashing.
    this.bytes = Buffer.allocUnsafe(count * WORD).fill(0);
  }

  /** A hash. */
  add(hash: Uint8Array): this {
    this.bytes.set(hash, this.offset);
    this.offset += WORD;
    return this;
  }

  addUint64(value: bigint): this {
    if (value < 0n || value >= uint64Limit) throw new RangeError(`${value.toString()} is not a uint64`);
    this.bytes.writeBigUInt64BE(value, this.offset + WORD - 8);
    this.offset += WORD;
    return this;
  }

  /** An address or bytes32, padded on the left. */
  addHex(hex: string, byteLength: 20 | 32): this {
    const start = this.offset + WORD - byteLength;
    // `write` ends at the first character that is no digit.
    const isWritten = this.bytes.write(hex.slice(2), start, byteLength, 'hex') === byteLength;
    if (!isWritten || hex.length !== 2 + 2 * byteLength) {
      throw new RangeError(`${hex} does not have ${byteLength} bytes`);
    }
    this.offset += WORD;
    return this;
  }

  hash(): Uint8Array {
    return keccak256(this.bytes);
  }
}

function arrayHash(hashes: readonly Uint8Array[]): Uint8Array {
  const words = new Words(hashes.length);
  for (const hash of hashes) words.add(hash);
  return words.hash();
}

const serviceHash = (service: ServiceUptime) =>
  new Words(1 + reportTypes.ServiceUptime.length)
    .add(serviceTypeHash)
    .add(keccakOfName(service.name))
    .add(arrayHash(service.containerIds.map(keccakOfText)))
    .addUint64(service.upMs)
    .addUint64(service.inferredUpMs)
    .addUint64(service.downMs)
    .addUint64(service.startingMs)
    .addUint64(service.unknownMs)
    .hash();

/** Of the services of a report, which many reports about one window share. */
export const servicesHash = (services: readonly ServiceUptime[]): Uint8Array =>
  arrayHash(services.map(serviceHash));

const reportHash = (report: UptimeReport, hashOfServices: Uint8Array) =>
  new Words(1 + reportTypes.UptimeReport.length)
    .add(reportTypeHash)
    .add(keccakOfName(report.capability))
    .addHex(report.workerAddress, 20)
    .add(keccakOfText(report.engineId))
    .addUint64(report.fromMs)
    .addUint64(report.toMs)
    .add(hashOfServices)
    .addUint64(report.allUpMs)
    .addHex(report.challenge, 32)
    .addUint64(report.issuedAtMs)
    .addHex(report.previousMinuteHash, 32)
    .addHex(report.minuteHash, 32)
    .hash();

/**
 * The 32 bytes that a worker signs.
 * @throws RangeError for a number that is not a uint64 or a hash or address of another length
 */
export function reportDigest(
  report: UptimeReport,
  hashOfServices = servicesHash(report.services),
): Uint8Array {
  return keccak256(Buffer.concat([typedDataPrefix, domainSeparator, reportHash(report, hashOfServices)]));
}

export const toHex = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
