import type { DataSource } from 'typeorm';
import { z } from 'zod';

const columnRow = z.object({ name: z.string() });
const defaultRow = z.tuple([z.object({ expression: z.string() })]);

/** Columns that can be written: not those that the database numbers or computes. */
async function writableColumns(owner: DataSource, table: string): Promise<string[]> {
  const rows: unknown = await owner.query(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
        and attidentity = '' and attgenerated = '' order by attnum`,
    [table],
  );
  return z
    .array(columnRow)
    .parse(rows)
    .map(({ name }) => name);
}

async function copyRows(
  owner: DataSource,
  table: string,
  from: string,
  changed: Readonly<Record<string, string>>,
  parameters: unknown[],
): Promise<void> {
  const columns = await writableColumns(owner, table);
  const values = columns.map((column) => changed[column] ?? `source.${column}`);
  await owner.query(
    `insert into ${table} (${columns.join(', ')}) select ${values.join(', ')} from ${from}`,
    parameters,
  );
}

/** Adds a copy of a period to the books, `minutes` later: rows as large as real ones, in real order. */
export async function copyPeriod(owner: DataSource, start: Date, minutes: number): Promise<void> {
  const [{ expression: newId }] = defaultRow.parse(
    await owner.query(
      `select pg_get_expr(adbin, adrelid) as expression from pg_attrdef
        where adrelid = 'payments.pending_assessment'::regclass
          and adnum = (select attnum from pg_attribute where attrelid = adrelid and attname = 'id')`,
    ),
  );
  await owner.query('drop table if exists copied_period');
  await owner.query(
    `create table copied_period as select id as old_id, ${newId} as new_id from payments.assessment where period_start = $1`,
    [start],
  );
  const later = `make_interval(mins => ${minutes})`;
  await copyRows(
    owner,
    'payments.assessment',
    'payments.assessment source join copied_period on old_id = source.id order by source.orchestrator_id',
    {
      id: 'new_id',
      period_start: `source.period_start + ${later}`,
      period_end: `source.period_end + ${later}`,
      first_attempt_at: `source.first_attempt_at + ${later}`,
      decided_at: `source.decided_at + ${later}`,
    },
    [],
  );
  await copyRows(
    owner,
    'payments.evidence',
    'payments.evidence source join copied_period on old_id = source.assessment_id',
    { assessment_id: 'new_id', received_at: `source.received_at + ${later}` },
    [],
  );
  await owner.query(
    `select ledger.post('accrual', 'accrual/copy/' || $1::text, $1::timestamptz,
        array_agg('expense:rewards:' || orchestrator_id order by orchestrator_id),
        array_agg('liability:payable:' || orchestrator_id order by orchestrator_id),
        array_agg(amount_micro_usd order by orchestrator_id))
       from payments.assessment where period_start = $1::timestamptz`,
    [new Date(start.getTime() + minutes * 60_000)],
  );
}

const sealRow = z.tuple([z.object({ more: z.boolean() })]);

/** As the distributor's schedule does. */
export async function sealBooks(owner: DataSource): Promise<void> {
  await owner.query('select ledger.note_cutoffs()');
  for (let more = true; more;) {
    [{ more }] = sealRow.parse(
      await owner.query('select coalesce(more, false) as more from ledger.seal_next()'),
    );
  }
}
