import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { errorCode } from '../wire/error-code.js';

/** The text, or undefined when there is no such file. A file that cannot be read is an error, not an absent one. */
export async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written whole or not at all, even if the process is killed meanwhile; readable by its owner only. */
export function writeWhole(file: string, text: string): void {
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`;
  writeFileSync(partial, text, { mode: 0o600 });
  renameSync(partial, file);
}
