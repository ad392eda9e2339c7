import { END_OF_ROWS } from './backup-format.js';

const newline = 10;
/** The header names every table and partition: a few hundred bytes each. */
const longestLineBytes = 4 << 20;
const endOfRows = Buffer.from(`${END_OF_ROWS}\n`);

/** Reads the uncompressed text of a backup: a line, or the rows up to the end of a block. Holds one row and one chunk. */
export class BlockReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private pending: Buffer = Buffer.alloc(0);

  constructor(content: AsyncIterable<Buffer>) {
    this.chunks = content[Symbol.asyncIterator]();
  }

  /** The next line without its end; undefined behind the last one. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.pending.indexOf(newline);
      if (end >= 0) {
        const line = this.pending.toString('utf8', 0, end);
        this.pending = this.pending.subarray(end + 1);
        return line;
      }
      if (this.pending.length > longestLineBytes) throw new Error('a line is too long');
      if (!(await this.more())) return this.pending.length === 0 ? undefined : this.pending.toString('utf8');
    }
  }

  /** Whole rows, many at a time; ends behind the end of the block. @throws Error when the text ends before it */
  async *rows(): AsyncGenerator<Buffer> {
    for (;;) {
      const end = this.endOfBlock();
      if (end !== undefined) {
        const rows = this.pending.subarray(0, end);
        this.pending = this.pending.subarray(end + endOfRows.length);
        if (rows.length > 0) yield rows;
        return;
      }
      const whole = this.pending.lastIndexOf(newline) + 1;
      if (whole > 0) {
        const rows = this.pending.subarray(0, whole);
        this.pending = this.pending.subarray(whole);
        yield rows;
      }
      if (!(await this.more())) throw new Error('the rows end before the end of their block');
    }
  }

  /** Where the line that ends the block begins; the text that is held begins at the start of a row. */
  private endOfBlock(): number | undefined {
    if (this.pending.subarray(0, endOfRows.length).equals(endOfRows)) return 0;
    const before = this.pending.indexOf(`\n${END_OF_ROWS}\n`);
    return before < 0 ? undefined : before + 1;
  }

  private async more(): Promise<boolean> {
    const next = await this.chunks.next();
    if (next.done === true) return false;
    this.pending = this.pending.length === 0 ? next.value : Buffer.concat([this.pending, next.value]);
    return true;
  }
}
