import { Problem } from '#platform';
import { Injectable, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { csvChunks, type CsvColumns } from './csv-chunks.js';

/** What a file is made from; it may hold a connection to the database until it is closed. */
export interface CsvSource<Row> {
  batches: AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

export interface CsvFile<Row, Source extends CsvSource<Row>> {
  open: () => Promise<Source>;
  columns: CsvColumns<Row>;
  /** Without `.csv`. */
  nameOf: (source: Source) => string;
}

/** Each holds one of the pool's ten connections for as long as its reader takes. */
const AT_ONCE = 4;

/** Files that are sent while they are read, so that their length costs no memory. */
@Injectable()
export class CsvExports {
  private running = 0;

  /** @throws Problem when too many are being sent, and whatever opening the source throws */
  async send<Row, Source extends CsvSource<Row>>({
    open,
    columns,
    nameOf,
  }: CsvFile<Row, Source>): Promise<{ file: StreamableFile; source: Source }> {
    if (this.running >= AT_ONCE) {
      throw new Problem({
        status: 503,
        detail: `${AT_ONCE} files are being sent already. Try again shortly.`,
        headers: { 'retry-after': '5' },
      });
    }
    this.running += 1;
    try {
      const source = await open();
      const stream = Readable.from(csvChunks(columns, source.batches), { objectMode: false });
      // Also when the client goes away, and when nobody ever read: a generator that was not begun cleans nothing up.
      stream.once('close', () => {
        this.running -= 1;
        void source.close();
      });
      const file = new StreamableFile(stream, {
        type: 'text/csv; charset=utf-8; header=present',
        disposition: `attachment; filename="${nameOf(source).replace(/[^\w.-]+/g, '_')}.csv"`,
      });
      return { file, source };
    } catch (error) {
      this.running -= 1;
      throw error;
    }
  }
}
