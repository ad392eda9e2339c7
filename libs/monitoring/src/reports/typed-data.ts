import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Hex } from '#platform';

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

const keccakOfText = (text: string) => keccak_256(utf8ToBytes(text));

const serviceTypeHash = keccakOfText(signatureOf('ServiceUptime'));
// A type is followed by the types that it refers to, in alphabetical order.
const reportTypeHash = keccakOfText(signatureOf('UptimeReport') + signatureOf('ServiceUptime'));
const domainSeparator = keccak_256(
  concatBytes(
    keccakOfText('EIP712Domain(string name,string version)'),
    keccakOfText(reportDomain.name),
    keccakOfText(reportDomain.version),
  ),
);
const typedDataPrefix = Uint8Array.of(0x19, 0x01);

const uint64Limit = 1n << 64n;

function uint64(value: bigint): Uint8Array {
  if (value < 0n || value >= uint64Limit) throw new RangeError(`${value.toString()} is not a uint64`);
  const word = new Uint8Array(32);
  new DataView(word.buffer).setBigUint64(24, value);
  return word;
}

/** An address or bytes32 as one word, padded on the left. */
function word(hex: string, byteLength: 20 | 32): Uint8Array {
  const bytes = hexToBytes(hex.slice(2));
  if (bytes.length !== byteLength) throw new RangeError(`${hex} does not have ${byteLength} bytes`);
  const padded = new Uint8Array(32);
  padded.set(bytes, 32 - byteLength);
  return padded;
}

const arrayHash = (words: Uint8Array[]) => keccak_256(concatBytes(...words));

const serviceHash = (service: ServiceUptime) =>
  keccak_256(
    concatBytes(
      serviceTypeHash,
      keccakOfText(service.name),
      arrayHash(service.containerIds.map(keccakOfText)),
      uint64(service.upMs),
      uint64(service.inferredUpMs),
      uint64(service.downMs),
      uint64(service.startingMs),
      uint64(service.unknownMs),
    ),
  );

const reportHash = (report: UptimeReport) =>
  keccak_256(
    concatBytes(
      reportTypeHash,
      keccakOfText(report.capability),
      word(report.workerAddress, 20),
      keccakOfText(report.engineId),
      uint64(report.fromMs),
      uint64(report.toMs),
      arrayHash(report.services.map(serviceHash)),
      uint64(report.allUpMs),
      word(report.challenge, 32),
      uint64(report.issuedAtMs),
      word(report.previousMinuteHash, 32),
      word(report.minuteHash, 32),
    ),
  );

/**
 * The 32 bytes that a worker signs.
 * @throws RangeError for a number that is not a uint64 or a hash or address of another length
 */
export function reportDigest(report: UptimeReport): Uint8Array {
  return keccak_256(concatBytes(typedDataPrefix, domainSeparator, reportHash(report)));
}

export const toHex = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;
