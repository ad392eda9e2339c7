import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { BackupRefusedError } from './backup-errors.js';
import { type BackupHeader, BACKUP_VERSION, backupHeaderSchema, versionOf } from './backup-format.js';
import { BlockReader } from './block-reader.js';
import { CHECKSUM_BYTES, checksumMember, Hashing } from './checksum-member.js';

/** A backup whose every byte has been checked; read again, and hashed again, for the restore. */
export class BackupFile {
  private constructor(
    private readonly file: FileHandle,
    readonly header: BackupHeader,
    readonly sizeBytes: number,
    /** Of everything before the checksum: names this backup. */
    readonly sha256: string,
  ) {}

  /** @throws BackupRefusedError for anything but a whole, unaltered backup of this version */
  static async open(path: string): Promise<BackupFile> {
    const file = await open(path, 'r');
    try {
      const { size: sizeBytes } = await file.stat();
      const contentBytes = sizeBytes - CHECKSUM_BYTES;
      const lines = await readFirstLines(file, contentBytes);
      const version = versionOf(lines.first);
      if (version === undefined) {
        const reason = `${path} is not a backup of these books, or its beginning is damaged`;
        throw new BackupRefusedError('not_a_backup', reason);
      }
      if (version !== BACKUP_VERSION) {
        const reason = `${path} is a backup of version ${version}; this program reads version ${BACKUP_VERSION}`;
        throw new BackupRefusedError('version', reason);
      }
      const sha256 = await hashOf(file, contentBytes);
      const found = Buffer.alloc(CHECKSUM_BYTES);
      await file.read(found, 0, CHECKSUM_BYTES, contentBytes);
      const header = headerOf(lines.second);
      if (!found.equals(checksumMember(sha256)) || header === undefined) {
        const reason = `${path} is damaged or incomplete: its content does not have the checksum that stands at its end`;
        throw new BackupRefusedError('damaged', reason);
      }
      return new BackupFile(file, header, sizeBytes, sha256);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The text behind the header; `isUnchanged` says, after the last block, whether it is still what was checked. */
  async content(): Promise<{ reader: BlockReader; isUnchanged: () => boolean }> {
    const hashing = new Hashing();
    const reader = new BlockReader(textOf(this.file, this.sizeBytes - CHECKSUM_BYTES, hashing));
    await reader.line();
    await reader.line();
    return { reader, isUnchanged: () => hashing.digest() === this.sha256 };
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

const chunkBytes = 1 << 18;

/** The first bytes of a file that stays open. */
async function* read(file: FileHandle, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytes - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Errors of one stream end the next: they reach whoever reads the last. */
function textOf(file: FileHandle, bytes: number, hashing: Hashing): AsyncIterable<Buffer> {
  return pipeline(read(file, bytes), hashing, createGunzip({ chunkSize: 1 << 16 }), () => undefined);
}

/** The two comments at the beginning, as far as they can be read; nothing has been verified yet. */
async function readFirstLines(file: FileHandle, bytes: number): Promise<{ first: string; second: string }> {
  const lines = { first: '', second: '' };
  if (bytes <= 0) return lines;
  const gunzip = pipeline(read(file, bytes), createGunzip(), () => undefined);
  try {
    const reader = new BlockReader(gunzip);
    lines.first = (await reader.line()) ?? '';
    lines.second = (await reader.line()) ?? '';
  } catch {
    // Not gzip, cut off, or a line that never ends: what was read is judged.
  } finally {
    gunzip.destroy();
  }
  return lines;
}

async function hashOf(file: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of read(file, bytes)) hash.update(chunk);
  return hash.digest('hex');
}

function headerOf(line: string): BackupHeader | undefined {
  if (!line.startsWith('-- ')) return undefined;
  try {
    return backupHeaderSchema.parse(JSON.parse(line.slice(3)));
  } catch {
    return undefined;
  }
}
