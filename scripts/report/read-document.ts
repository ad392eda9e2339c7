import {
  MalformedReportError,
  type MinuteRun,
  MinuteRunError,
  parseSignedReport,
  readMinuteRun,
  type SignedReport,
} from '#monitoring';
import { z } from 'zod';

/** One thing that a file holds, or why it holds none. */
export type Document =
  | { kind: 'report'; where: string; signed: SignedReport }
  | { kind: 'minutes'; where: string; run: MinuteRun }
  | { kind: 'malformed'; where: string; detail: string };

/** What carries a report: the report itself, the answer of a job, an assessment, a list of assessments. */
const carriers = z.union([
  z
    .object({ report: z.unknown(), signature: z.string() })
    .transform((signed) => ({ signed: [signed] as unknown[] })),
  z
    .object({ report: z.object({ signature: z.string() }).loose() })
    .transform(({ report }) => ({ signed: [report] })),
  z
    .object({ evidence: z.object({ signature: z.string() }).loose() })
    .transform(({ evidence }) => ({ signed: [evidence] })),
  z
    .object({
      items: z.array(z.object({ evidence: z.object({ signature: z.string() }).loose().nullable() })),
    })
    .transform(({ items }) => ({ signed: items.flatMap(({ evidence }) => evidence ?? []) })),
]);

const isRun = (line: string) => {
  const found = z.object({ content: z.string(), previous_hash: z.string() }).safeParse(json(line));
  return found.success;
};

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Null when it is neither a report nor a run of minutes. */
export function readDocuments(where: string, text: string): Document[] | null {
  const lines = text.split(/\r?\n/);
  if (isRun(lines[0] ?? '')) {
    try {
      const run = readMinuteRun(lines);
      return run && [{ kind: 'minutes', where, run }];
    } catch (error) {
      if (!(error instanceof MinuteRunError)) throw error;
      return [{ kind: 'malformed', where, detail: error.message }];
    }
  }
  const carrier = carriers.safeParse(json(text));
  if (!carrier.success || carrier.data.signed.length === 0) return null;
  const { signed } = carrier.data;
  return signed.map((wire, index) => readReport(signed.length > 1 ? `${where} #${index + 1}` : where, wire));
}

function readReport(where: string, wire: unknown): Document {
  try {
    return { kind: 'report', where, signed: parseSignedReport(wire) };
  } catch (error) {
    if (!(error instanceof MalformedReportError)) throw error;
    return { kind: 'malformed', where, detail: error.message };
  }
}
