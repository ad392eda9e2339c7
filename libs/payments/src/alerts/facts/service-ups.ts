import { z } from 'zod';

import { signedReportSchema } from '#monitoring';

import { decompressReport } from '../../assessments/stored-report.js';
import { type Sql, selectRows } from '../../books/sql-rows.js';

const reportRow = z.object({ assessment_id: z.uuid(), report: z.instanceof(Buffer) });

type Ups = ReadonlyMap<string, 'full' | 'partly' | 'none'>;

/** Which services of a report were up, read once for each assessment and kept while it is among the newest. */
export class ServiceUps {
  private known = new Map<string, Ups>();

  /** Of those that have a readable report. */
  async read(sql: Sql, assessmentIds: readonly string[]): Promise<ReadonlyMap<string, Ups>> {
    const before = this.known;
    this.known = new Map();
    for (const id of assessmentIds) {
      const ups = before.get(id);
      if (ups) this.known.set(id, ups);
    }
    const missing = assessmentIds.filter((id) => !this.known.has(id));
    for (let start = 0; start < missing.length; start += 1_000) {
      const rows = await selectRows(
        sql,
        reportRow,
        'select assessment_id, report from payments.evidence where assessment_id = any ($1::uuid[])',
        [missing.slice(start, start + 1_000)],
      );
      for (const { assessment_id, report } of rows) this.known.set(assessment_id, upsOf(report));
      // Thousands of reports take a while to read: whoever waits for this process gets its turn in between.
      await new Promise(setImmediate);
    }
    return this.known;
  }
}

function upsOf(stored: Buffer): Ups {
  const signed = signedReportSchema.safeParse(decompressReport(stored));
  if (!signed.success) return new Map();
  const { fromMs, toMs, services } = signed.data.report;
  return new Map(
    services.map(({ name, upMs }) => [
      name,
      upMs === 0n ? ('none' as const) : upMs === toMs - fromMs ? ('full' as const) : ('partly' as const),
    ]),
  );
}
