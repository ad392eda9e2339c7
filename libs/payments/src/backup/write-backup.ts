import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { BackupExistsError } from './backup-errors.js';
import { backUpBooks, type BackUpOptions } from './back-up-books.js';
import { BackupFile } from './backup-file.js';
import { openConnection } from './books-connection.js';

/** What was written to a file, or the names in a folder, survive a power failure from here on. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Backs up the books at `url` into a new file: whole under its name or not there at all, readable by its owner only. It
 * has been read back when this returns.
 * @throws BackupExistsError, NoBooksError
 */
export async function writeBackup(
  url: string,
  path: string,
  options: BackUpOptions = {},
): Promise<Pick<BackupFile, 'header' | 'sizeBytes' | 'sha256'>> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new BackupExistsError(path);
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  const connection = await openConnection(url);
  try {
    await backUpBooks(connection, createWriteStream(partial, { flags: 'wx', mode: 0o600 }), options);
    await sync(partial);
    const backup = await BackupFile.open(partial);
    await backup.close();
    await rename(partial, path);
    await sync(dirname(path));
    return backup;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await connection.close();
  }
}
