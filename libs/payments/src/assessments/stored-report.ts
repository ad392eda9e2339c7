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

/** @param text JSON */
export const compressReport = (text: string): Buffer => deflateRawSync(text);

/** Columns of tables that keep exchanges: id of the assessment, challenge, arrival, latency, report. */
export const exchangeColumns = (rows: readonly { id: string; exchange: Exchange }[]): unknown[][] => [
  rows.map(({ id }) => id),
  rows.map(({ exchange: { challenge } }) => Buffer.from(challenge.slice(2), 'hex')),
  rows.map(({ exchange: { receivedAtMs } }) => new Date(Number(receivedAtMs))),
  rows.map(({ exchange: { latencyMs = 0 } }) => latencyMs),
  rows.map(({ exchange: { signed, text } }) => compressReport(text ?? JSON.stringify(signed ?? null))),
];

export function decompressReport(stored: Buffer): unknown {
  const json: unknown = JSON.parse(
    inflateRawSync(stored, { maxOutputLength: 2 * MAX_REPORT_BYTES }).toString('utf8'),
  );
  return json;
}
