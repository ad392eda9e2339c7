import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { Check, Findings } from './finding.js';
import { genesisHash, PartSequence, sealHash, type SealPart, type StoredSeal } from './seal-chain.js';
import {
  differences,
  orderColumn,
  quotedTable,
  rowsAreAsSealed,
  tableShapes,
  type TableShape,
} from './sealed-rows.js';

/** Seals read at once; each has a part for every table that was written to. */
const SEALS_PER_BATCH = 200n;

const sealRow = z
  .object({
    sequence: sqlBigint,
    sealed_at_ms: sqlBigint,
    row_count: sqlBigint,
    previous_hash: z.instanceof(Buffer),
    hash: z.instanceof(Buffer),
  })
  .transform((row): StoredSeal => ({
    sequence: row.sequence,
    sealedAtMs: row.sealed_at_ms,
    rowCount: row.row_count,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));

const partRow = z
  .object({
    seal_sequence: sqlBigint,
    table_name: z.string(),
    after_row: sqlBigint,
    last_row: sqlBigint,
    columns: z.array(z.string()),
    row_numbers: z.string(),
    row_count: z.int(),
    root: z.instanceof(Buffer),
    fingerprints_hash: z.instanceof(Buffer),
  })
  .transform((row) => ({
    sealSequence: row.seal_sequence,
    tableName: row.table_name,
    afterRow: row.after_row,
    lastRow: row.last_row,
    columns: row.columns,
    rowNumbers: row.row_numbers,
    rowCount: row.row_count,
    root: row.root,
    fingerprintsHash: row.fingerprints_hash,
  }));

export interface SealsContext {
  sql: Sql;
  /** A head that somebody noted, hex: it must be part of the chain. */
  notedHead: string | undefined;
}

export interface SealsSeen {
  /** Of the newest seal, hex; null before the first. */
  head: string | null;
  /** Rows that no seal covers yet. */
  unsealedRows: bigint;
}

/** The chain of seals, and every row that it covers. */
export const sealsCheck = (seen: SealsSeen): Check<SealsContext> => ({
  name: 'seals',
  run: async ({ sql, notedHead }, findings) => {
    const walk = new SealWalk(sql, findings, await tableShapes(sql));
    const { seals, rows, isNotedHeadSeen } = await walk.all(notedHead);
    if (notedHead !== undefined && !isNotedHeadSeen) {
      findings.add(
        'ledger.seal',
        `hash=${notedHead}`,
        'the noted head is not in the chain: the chain was rewritten or cut',
      );
    }
    seen.head = walk.head;
    seen.unsealedRows = await walk.unsealed();
    if (seen.unsealedRows > 0n) findings.note(`${seen.unsealedRows} rows are not sealed yet`);
    return `${rows} rows in ${seals} seals${walk.head === null ? '' : `, head ${walk.head}`}`;
  },
});

class SealWalk {
  private readonly sequence = new PartSequence();
  private previous: { sequence: bigint; hash: Buffer } = { sequence: 0n, hash: genesisHash };

  constructor(
    private readonly sql: Sql,
    private readonly findings: Findings,
    private readonly shapes: ReadonlyMap<string, TableShape>,
  ) {}

  get head(): string | null {
    return this.previous.sequence === 0n ? null : this.previous.hash.toString('hex');
  }

  async all(
    notedHead: string | undefined,
  ): Promise<{ seals: bigint; rows: bigint; isNotedHeadSeen: boolean }> {
    let [seals, rows, isNotedHeadSeen] = [0n, 0n, false];
    for (;;) {
      const batch = await this.nextSeals();
      const [first, last] = [batch[0], batch.at(-1)];
      if (!first || !last) break;
      const parts = await this.partsOf(first.sequence, last.sequence);
      for (const seal of batch) {
        const own = parts.filter(({ sealSequence }) => sealSequence === seal.sequence);
        const isWhole = await this.checkSeal(seal, own);
        if (isWhole && seal.hash.toString('hex') === notedHead) isNotedHeadSeen = true;
        seals += 1n;
        rows += seal.rowCount;
        this.findings.progress(`seal ${seal.sequence}, ${rows} rows`);
      }
    }
    await this.strayParts();
    return { seals, rows, isNotedHeadSeen };
  }

  /** Counts what is not covered yet, and sees to it that the tables will be. */
  async unsealed(): Promise<bigint> {
    const registered = await selectRows(
      this.sql,
      z.object({ name: z.string(), order_column: z.string() }),
      'select name, order_column from ledger.sealed_table order by name',
    );
    let unsealed = 0n;
    for (const name of new Set([...registered.map((table) => table.name), ...this.sequence.last.keys()])) {
      const table = registered.find((one) => one.name === name);
      const shape = this.shapes.get(name);
      if (!table)
        this.findings.add('ledger.sealed_table', `name=${name}`, 'is gone: the table is no longer sealed');
      if (!shape) this.findings.add(name, '', 'the table is gone');
      else if (!shape.holdsSeals) this.findings.add(name, '', 'its writers no longer wait for the seal');
      const part = this.sequence.last.get(name);
      if (table && shape?.columns.has(table.order_column)) unsealed += await this.rowsAfter(part, table);
    }
    return unsealed;
  }

  private async rowsAfter(
    part: SealPart | undefined,
    table: { name: string; order_column: string },
  ): Promise<bigint> {
    const where = part ? `where ${orderColumn(part)} > ${part.lastRow}` : '';
    const row = await selectRow(
      this.sql,
      z.object({ n: sqlBigint }),
      `select count(*) as n from ${quotedTable(table.name)} ${where}`,
    );
    return row?.n ?? 0n;
  }

  private nextSeals(): Promise<StoredSeal[]> {
    return selectRows(
      this.sql,
      sealRow,
      `select sequence, (extract(epoch from sealed_at) * 1000)::bigint as sealed_at_ms, row_count, previous_hash, hash
         from ledger.seal where sequence > $1 order by sequence limit $2`,
      [this.previous.sequence.toString(), SEALS_PER_BATCH.toString()],
    );
  }

  private partsOf(first: bigint, last: bigint) {
    return selectRows(
      this.sql,
      partRow,
      `select seal_sequence, table_name, after_row, last_row, columns, row_numbers::text, row_count, root,
              sha256(fingerprints) as fingerprints_hash
         from ledger.seal_part where seal_sequence between $1 and $2 order by seal_sequence, table_name collate "C"`,
      [first.toString(), last.toString()],
    );
  }

  /** Whether the seal is the one that was made. */
  private async checkSeal(seal: StoredSeal, parts: readonly SealPart[]): Promise<boolean> {
    const name = `sequence=${seal.sequence}`;
    const isNext =
      seal.sequence === this.previous.sequence + 1n && seal.previousHash.equals(this.previous.hash);
    if (!isNext) this.findings.add('ledger.seal', name, 'does not follow on the seal before it');
    const isWhole = sealHash(seal, parts).equals(seal.hash);
    if (!isWhole) this.findings.add('ledger.seal', name, 'its hash does not fit it and its parts');
    for (const part of parts) await this.checkPart(part, isWhole);
    this.previous = seal;
    return isWhole;
  }

  private async checkPart(part: SealPart, isSealWhole: boolean): Promise<void> {
    const name = `table_name=${part.tableName}, last_row=${part.lastRow}`;
    const shape = this.shapes.get(part.tableName);
    const gone = part.columns.filter((column) => !shape?.columns.has(column));
    if (!shape || gone.length > 0) {
      this.findings.add(part.tableName, gone.join(', '), 'no longer exists, but is sealed');
      return;
    }
    const gap = this.sequence.follow(part);
    if (gap !== null) this.findings.add('ledger.seal_part', name, gap);
    const isAsSealed = await rowsAreAsSealed(this.sql, part);
    if (isAsSealed && isSealWhole) return;
    const changed = await differences(this.sql, part, shape, await this.fingerprintsOf(part));
    // Of a seal that was altered itself, rows that its root covers are not to blame.
    if (!isAsSealed) for (const { row, problem } of changed) this.findings.add(part.tableName, row, problem);
    if (isAsSealed ? changed.length > 0 : changed.length === 0) {
      this.findings.add('ledger.seal_part', name, 'does not fit the rows that it covers');
    }
  }

  private async fingerprintsOf(part: SealPart): Promise<Buffer> {
    const row = await selectRow(
      this.sql,
      z.object({ fingerprints: z.instanceof(Buffer) }),
      'select fingerprints from ledger.seal_part where table_name = $1 and last_row = $2',
      [part.tableName, part.lastRow.toString()],
    );
    return row?.fingerprints ?? Buffer.alloc(0);
  }

  /** Parts of a seal that does not exist. */
  private async strayParts(): Promise<void> {
    const rows = await selectRows(
      this.sql,
      z.object({ table_name: z.string(), last_row: sqlBigint }),
      `select table_name, last_row from ledger.seal_part p
        where not exists (select 1 from ledger.seal s where s.sequence = p.seal_sequence) limit 50`,
    );
    for (const { table_name, last_row } of rows) {
      this.findings.add(
        'ledger.seal_part',
        `table_name=${table_name}, last_row=${last_row}`,
        'belongs to no seal',
      );
    }
  }
}
