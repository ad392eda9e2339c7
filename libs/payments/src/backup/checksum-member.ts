import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';

const lineOf = (sha256: string): string =>
  `-- sha256 of the bytes of this file before this line: ${sha256}\n`;

/**
 * The last line of a backup as a gzip member of its own, not compressed, so that its length is known and its bytes follow
 * from the checksum alone: `zcat` shows it behind the rest, and a change of any bit of the file is found.
 */
export function checksumMember(sha256: string): Buffer {
  const text = Buffer.from(lineOf(sha256));
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x01, 0, 0, 0, 0]);
  head.writeUInt16LE(text.length, 11);
  head.writeUInt16LE(~text.length & 0xffff, 13);
  const foot = Buffer.alloc(8);
  foot.writeUInt32LE(crc32(text), 0);
  foot.writeUInt32LE(text.length, 4);
  return Buffer.concat([head, text, foot]);
}

/** The same for every backup. */
export const CHECKSUM_BYTES = checksumMember('0'.repeat(64)).length;

/** Passes bytes through and hashes them. */
export class Hashing extends Transform {
  private readonly hash: Hash = createHash('sha256');

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.hash.update(chunk);
    done(null, chunk);
  }

  /** Once, after the last byte. */
  digest(): string {
    return this.hash.digest('hex');
  }
}

/** Passes bytes through and adds the checksum member behind the last one. */
export class WithChecksum extends Hashing {
  override _flush(done: TransformCallback): void {
    done(null, checksumMember(this.digest()));
  }
}
