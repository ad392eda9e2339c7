import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type { Exchange } from './assess.js';

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

/** Of the size of a compressed report, so that not sixteen kilobytes are kept for each. */
const CHUNK_BYTES = 2_048;

/** @param text JSON */
export const compressReport = (text: string): Buffer => deflateRawSync(text, { chunkSize: CHUNK_BYTES });

export function decompressReport(stored: Buffer): unknown {
  const json: unknown = JSON.parse(
    inflateRawSync(stored, { maxOutputLength: 2 * MAX_REPORT_BYTES }).toString('utf8'),
  );
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
