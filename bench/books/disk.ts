import type { DataSource } from 'typeorm';
import { z } from 'zod';

import type { BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { copyPeriod, sealBooks } from './more-periods.js';
import type { Sizes } from './sizes.js';

const PERIODS_PER_YEAR = 365 * 24 * 60;

const sizeRow = z.object({
  name: z.string(),
  rows_bytes: z.string().transform(Number),
  index_bytes: z.string().transform(Number),
});
interface Size {
  rowsBytes: number;
  indexBytes: number;
}

/** Every table of the books with what belongs to it; partitions count as their table. */
async function readSizes(owner: DataSource): Promise<Map<string, Size>> {
  const rows = z.array(sizeRow).parse(
    await owner.query(
      `select coalesce(parent.oid, t.oid)::regclass::text as name,
              sum(pg_total_relation_size(t.oid) - pg_indexes_size(t.oid))::text as rows_bytes,
              sum(pg_indexes_size(t.oid))::text as index_bytes
         from pg_class t join pg_namespace n on n.oid = t.relnamespace
         left join pg_inherits i on i.inhrelid = t.oid left join pg_class parent on parent.oid = i.inhparent
        where n.nspname in ('ledger', 'payments') and t.relkind = 'r' group by 1`,
    ),
  );
  return new Map(rows.map((row) => [row.name, { rowsBytes: row.rows_bytes, indexBytes: row.index_bytes }]));
}

/**
 * How the books grow with each orchestrator and period: measured between two states, so that what stays as it is does not
 * count. Adds copies of the first period until the books hold as many as wanted.
 */
export async function measureDisk(
  owner: DataSource,
  sizes: Sizes,
  firstStart: Date,
  context: BenchmarkContext,
): Promise<Section> {
  const lived = sizes.livePeriods + sizes.periodsWithDead;
  await sealBooks(owner);
  const before = await readSizes(owner);
  const copies = Math.max(1, sizes.periodsOnDisk - lived);
  for (let index = 0; index < copies; index += 1) {
    context.progress(`books: copying period ${index + 1} of ${copies}`);
    await copyPeriod(owner, firstStart, lived + index);
    await sealBooks(owner);
  }
  const after = await readSizes(owner);

  const judged = copies * sizes.orchestrators;
  const grown = [...after]
    .map(([name, size]) => ({
      name,
      rowsBytes: (size.rowsBytes - (before.get(name)?.rowsBytes ?? 0)) / judged,
      indexBytes: (size.indexBytes - (before.get(name)?.indexBytes ?? 0)) / judged,
    }))
    .filter(({ rowsBytes, indexBytes }) => rowsBytes + indexBytes >= 0.5)
    .sort((a, b) => b.rowsBytes + b.indexBytes - a.rowsBytes - a.indexBytes);
  const totalBytes = grown.reduce((sum, { rowsBytes, indexBytes }) => sum + rowsBytes + indexBytes, 0);
  const yearTb = (bytes: number): number => (bytes * PERIODS_PER_YEAR * 10_000) / 1e12;
  return {
    title: 'what it costs on disk',
    about: `Growth of tables and their indexes for each orchestrator and period, over ${copies} periods of ${sizes.orchestrators.toLocaleString('en-US')} (one is ${PERIODS_PER_YEAR.toLocaleString('en-US')}th of a year).`,
    measurements: [
      ...grown.map(({ name, rowsBytes, indexBytes }): Measurement => ({
        what: name,
        unit: 'B',
        value: rowsBytes + indexBytes,
        beside: `${rowsBytes.toFixed(0)} B rows, ${indexBytes.toFixed(0)} B indexes; ${yearTb(rowsBytes + indexBytes).toFixed(2)} TB a year for 10,000`,
      })),
      { what: 'all together', unit: 'B', value: totalBytes, beside: 'for each orchestrator and minute' },
      {
        what: 'a year of 10,000 orchestrators',
        unit: 'TB',
        value: yearTb(totalBytes),
        beside: 'before any retention',
      },
      { what: 'a year of one orchestrator', unit: 'MB', value: (totalBytes * PERIODS_PER_YEAR) / 1e6 },
    ],
  };
}
