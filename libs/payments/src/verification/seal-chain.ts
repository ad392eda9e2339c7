import { createHash } from 'node:crypto';

/** The rows of one table in one seal, as ledger.seal_part keeps them. */
export interface SealPart {
  tableName: string;
  afterRow: bigint;
  lastRow: bigint;
  /** The first one numbers the rows. */
  columns: readonly string[];
  /** An `int8multirange`: `{[1,5),[7,8)}`. */
  rowNumbers: string;
  rowCount: number;
  root: Buffer;
  fingerprintsHash: Buffer;
}

export interface StoredSeal {
  sequence: bigint;
  sealedAtMs: bigint;
  rowCount: bigint;
  previousHash: Buffer;
  hash: Buffer;
}

export const genesisHash = Buffer.alloc(32);

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** As ledger.seal_next() makes it: every piece has a fixed length, so that no two contents look the same. */
const partHash = (part: SealPart): Buffer =>
  sha256(
    Buffer.from([3]),
    sha256(part.tableName),
    sha256(part.columns.join(',')),
    int8(part.afterRow),
    int8(part.lastRow),
    sha256(part.rowNumbers),
    int4(part.rowCount),
    part.root,
    part.fingerprintsHash,
  );

/** `parts` in the order of their tables' names, byte by byte. */
export const sealHash = (seal: StoredSeal, parts: readonly SealPart[]): Buffer =>
  sha256(
    Buffer.from([2]),
    int8(seal.sequence),
    int8(seal.sealedAtMs),
    int8(seal.rowCount),
    seal.previousHash,
    sha256(Buffer.concat(parts.map(partHash))),
  );

/** `{[1,3),[7,8)}` → 1, 2, 7. */
export function* numbersIn(multirange: string): Generator<bigint> {
  for (const [, from = '0', to = '0'] of multirange.matchAll(/\[(-?\d+),(-?\d+)\)/g)) {
    for (let number = BigInt(from); number < BigInt(to); number += 1n) yield number;
  }
}

/** What each part promises about the one before it: no row between them, no column given up. */
export class PartSequence {
  private readonly newest = new Map<string, SealPart>();

  /** The newest part of each table. */
  get last(): ReadonlyMap<string, SealPart> {
    return this.newest;
  }

  /** Null when `part` follows on the one before it. */
  follow(part: SealPart): string | null {
    const before = this.newest.get(part.tableName);
    this.newest.set(part.tableName, part);
    if (!before) return null;
    if (before.lastRow !== part.afterRow) {
      return `it begins after row ${part.afterRow}, but the part before it ends with row ${before.lastRow}`;
    }
    const lost = before.columns.filter((column) => !part.columns.includes(column));
    return lost.length > 0 ? `it no longer covers ${lost.join(', ')}` : null;
  }
}
