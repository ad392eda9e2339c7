import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { Check, Findings } from './finding.js';
import { transferKey } from './transfer-key.js';

/** Transfers hashed at once. */
const LINES_PER_BATCH = 100_000;
const MAX_ORPHANS = 50;

const rangeRow = z.object({ last: sqlBigint.nullable() });

const entryRow = z.object({
  id: sqlBigint,
  lines: z.int(),
  line_count: z.int(),
  total: z.string(),
  sum: z.string(),
  is_whole: z.boolean(),
});
type EntryRow = z.output<typeof entryRow>;

const transferKeyRow = z.object({ key: z.string() });
const orphanRow = z.object({ key: z.string(), problem: z.string(), found: sqlBigint });

/** The content hash as ledger.post() makes it, from what is stored: nothing that the books define is asked. */
const entriesQuery = `
  select e.id, l.lines, e.line_count, e.total::text, l.sum::text,
         coalesce(e.content_hash = sha256(
           decode('01', 'hex') || sha256(convert_to(e.kind, 'UTF8')) || int8send((extract(epoch from e.effective_at) * 1000)::bigint)
           || sha256(convert_to(e.idempotency_key, 'UTF8')) || sha256(convert_to(e.meta::text, 'UTF8'))
           || int8send(coalesce(e.reverses_id, 0)) || l.hash), false) as is_whole
    from ledger.journal_entry e
    join (select e.id, count(t.amount)::int as lines, coalesce(sum(t.amount), 0) as sum,
                 sha256(string_agg(sha256(convert_to(d.code, 'UTF8')) || sha256(convert_to(c.code, 'UTF8')) || int8send(t.amount),
                                   ''::bytea order by c.code collate "C", d.code collate "C", t.amount)) as hash
            from ledger.journal_entry e
            left join ledger.transfer t on t.journal_entry_id = e.id and t.effective_at = e.effective_at
            left join ledger.account d on d.id = t.debit_account_id
            left join ledger.account c on c.id = t.credit_account_id
           where e.id > $1 and e.id <= $2 group by e.id) l on l.id = e.id
   where e.id > $1 and e.id <= $2 order by e.id`;

/** Journal entries against their transfers, and transfers against their entries. */
export const journalCheck: Check<{ sql: Sql }> = {
  name: 'journal',
  run: async ({ sql }, findings) => {
    let [entries, lines, after] = [0, 0, -1n];
    for (;;) {
      const last = await endOfBatch(sql, after);
      if (last === null) break;
      for (const entry of await selectRows(sql, entryRow, entriesQuery, [
        after.toString(),
        last.toString(),
      ])) {
        await checkEntry(sql, entry, findings);
        entries += 1;
        lines += entry.lines;
      }
      after = last;
      findings.progress(`entry ${after}, ${lines} transfers`);
    }
    await checkOrphans(sql, findings);
    return `${entries} entries of ${lines} transfers`;
  },
};

async function endOfBatch(sql: Sql, after: bigint): Promise<bigint | null> {
  const row = await selectRow(
    sql,
    rangeRow,
    `select max(id) as last from (
       select id, sum(line_count) over (order by id) - line_count as before
         from (select id, line_count from ledger.journal_entry where id > $1 order by id limit 1000) e) x
      where before < $2`,
    [after.toString(), LINES_PER_BATCH],
  );
  return row?.last ?? null;
}

async function checkEntry(sql: Sql, entry: EntryRow, findings: Findings): Promise<void> {
  const { id, lines, line_count: lineCount, total, sum } = entry;
  const add = (problem: string): void => {
    findings.add('ledger.journal_entry', `id=${id}`, problem);
  };
  if (lines === 0) {
    add('has no transfers');
    return;
  }
  if (lines !== lineCount) add(`has ${lines} transfers and says ${lineCount}`);
  if (BigInt(sum) !== BigInt(total)) add(`its transfers add up to ${sum}, and it says ${total}`);
  if (entry.is_whole) return;
  add('its content hash does not fit the entry and its transfers');
  // Of several nobody can say by the hash which one it was; accruals, which have several, are compared one by one.
  if (lines > 1) return;
  const transfer = await selectRow(
    sql,
    transferKeyRow,
    `select ${transferKey} as key from ledger.transfer t where t.journal_entry_id = $1 and t.effective_at = (
       select effective_at from ledger.journal_entry where id = $1)`,
    [id.toString()],
  );
  findings.add('ledger.transfer', transfer?.key ?? '', `does not fit the content hash of its entry ${id}`);
}

/** Transfers that are not part of an entry of their kind and time, or join accounts that do not exist. */
async function checkOrphans(sql: Sql, findings: Findings): Promise<void> {
  findings.progress('transfers without an entry');
  const rows = await selectRows(
    sql,
    orphanRow,
    `select ${transferKey} as key, count(*) over () as found,
            case when e.id is null then 'belongs to no entry'
                 when e.effective_at <> t.effective_at then 'its time is not that of its entry ' || e.id
                 when e.kind <> t.kind then 'its kind is ' || t.kind || ', that of its entry ' || e.id || ' is ' || e.kind
                 when d.id is null or c.id is null then 'joins an account that does not exist'
                 else 'joins accounts of different units' end as problem
       from ledger.transfer t
       left join ledger.journal_entry e on e.id = t.journal_entry_id
       left join ledger.account d on d.id = t.debit_account_id
       left join ledger.account c on c.id = t.credit_account_id
      where e.id is null or e.effective_at <> t.effective_at or e.kind <> t.kind or d.id is null or c.id is null
            or (split_part(d.code, ':', 2) = 'gas') <> (split_part(c.code, ':', 2) = 'gas')
      limit ${MAX_ORPHANS}`,
  );
  findings.addCounted(
    rows.map(({ key, problem }) => ({ table: 'ledger.transfer', row: key, problem })),
    Number(rows[0]?.found ?? 0n),
  );
}
