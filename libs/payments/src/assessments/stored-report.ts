import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** A sound report of a hundred services is a tenth of this. */
export const MAX_REPORT_BYTES = 262_144;

/** A report as it is kept: an absurdly large one is replaced by a note, which no rule takes for a report. */
export function keepable(signed: unknown): unknown {
  const bytes = Buffer.byteLength(JSON.stringify(signed ?? null));
  return bytes <= MAX_REPORT_BYTES ? (signed ?? null) : { refused: `an answer of ${bytes} bytes` };
}

export const compressReport = (signed: unknown): Buffer => deflateRawSync(JSON.stringify(signed ?? null));

export function decompressReport(stored: Buffer): unknown {
  const json: unknown = JSON.parse(
    inflateRawSync(stored, { maxOutputLength: 2 * MAX_REPORT_BYTES }).toString('utf8'),
  );
  return json;
}
