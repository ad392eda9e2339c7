import { deflateSync, inflateRawSync, inflateSync } from 'node:zlib';

import type { Exchange } from './assess.js';
import { reportDictionary } from './report-dictionary.js';

/** A sound report of a hundred services is a tenth of this. */
export const MAX_REPORT_BYTES = 262_144;

/** A report as it is judged, and as it is kept. */
export interface KeptReport {
  signed: unknown;
  /** JSON of `signed`. */
  text: string;
}

/** An absurdly large report is replaced by a note, which no rule takes for a report. */
export function keepable(signed: unknown, text = JSON.stringify(signed ?? null)): KeptReport {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_REPORT_BYTES) return { signed: signed ?? null, text };
  const note = { refused: `an answer of ${bytes} bytes` };
  return { signed: note, text: JSON.stringify(note) };
}

/** A report needs no more; the defaults cost 256 kB to set up for each of them. */
const zlibOptions = { windowBits: 12, memLevel: 5, chunkSize: 2_048, dictionary: reportDictionary };

/**
 * Takes as much memory as it has bytes: it waits for its transaction with hundreds of others, and zlib's own result keeps
 * its whole chunk, one from Node's pool a slab of 8 kB.
 * @param text JSON
 */
export function compressReport(text: string): Buffer {
  const compressed = deflateSync(text, zlibOptions);
  const kept = Buffer.allocUnsafeSlow(compressed.length);
  compressed.copy(kept);
  return kept;
}

/** Reports of the first weeks were stored without zlib's header, and without a dictionary. */
const hasHeader = (stored: Buffer): boolean =>
  stored.length > 2 && ((stored[0] ?? 0) & 0x0f) === 8 && stored.readUInt16BE(0) % 31 === 0;

/** @throws Error for bytes that are no stored report */
export function decompressReport(stored: Buffer): unknown {
  const limit = { maxOutputLength: 2 * MAX_REPORT_BYTES };
  const text = hasHeader(stored)
    ? inflateSync(stored, { ...limit, dictionary: reportDictionary })
    : inflateRawSync(stored, limit);
  const json: unknown = JSON.parse(text.toString('utf8'));
  return json;
}

/** An exchange that has been judged and waits to be written: of its report no more than what will be stored. */
export class JudgedExchange implements Exchange {
  readonly kind = 'report';
  readonly challenge: Exchange['challenge'];
  readonly receivedAtMs: bigint;
  readonly latencyMs: number;
  readonly report: Buffer;

  constructor({ signed, text, challenge, receivedAtMs, latencyMs = 0 }: Exchange) {
    this.challenge = challenge;
    this.receivedAtMs = receivedAtMs;
    this.latencyMs = latencyMs;
    this.report = compressReport(text ?? JSON.stringify(signed ?? null));
  }

  /** Parsed anew: whoever judges again is rare. */
  get signed(): unknown {
    return decompressReport(this.report);
  }
}

/** Columns of tables that keep exchanges: id of the assessment, challenge, arrival, latency, report. */
export const exchangeColumns = (rows: readonly { id: string; exchange: JudgedExchange }[]): unknown[][] => [
  rows.map(({ id }) => id),
  rows.map(({ exchange: { challenge } }) => Buffer.from(challenge.slice(2), 'hex')),
  rows.map(({ exchange: { receivedAtMs } }) => new Date(Number(receivedAtMs))),
  rows.map(({ exchange: { latencyMs } }) => latencyMs),
  rows.map(({ exchange: { report } }) => report),
];
