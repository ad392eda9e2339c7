import { StringDecoder } from 'node:string_decoder';

/** Longest line kept. Labels are copied into every event, so lines can be long; this one is beyond reason. */
const maxLineLength = 1_048_576;

/** May precede each document (RFC 7464). */
const recordSeparator = '\u001e';

/**
 * Cuts a stream of chunks into lines: a chunk may hold several documents, half of one, or half of a UTF-8 character.
 * A line beyond the limit is dropped whole and reported as null.
 */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private overlong = false;

  push(chunk: Buffer): (string | null)[] {
    const pieces = this.decoder.write(chunk).split('\n');
    const tail = pieces.pop() ?? '';
    const lines: (string | null)[] = [];
    for (const piece of pieces) {
      lines.push(this.close(piece));
    }
    this.append(tail);
    return lines.filter((line) => line !== '');
  }

  private append(piece: string) {
    if (this.rest.length + piece.length > maxLineLength) {
      this.overlong = true;
      this.rest = '';
    }
    if (!this.overlong) this.rest += piece;
  }

  private close(piece: string): string | null {
    this.append(piece);
    const text = this.rest.startsWith(recordSeparator) ? this.rest.slice(1) : this.rest;
    const line = this.overlong ? null : text.trim();
    this.rest = '';
    this.overlong = false;
    return line;
  }
}
