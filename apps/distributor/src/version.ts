import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageSchema = z.object({ version: z.string() });

/** The version of the repository, whether this file runs from the sources or from `dist/`. */
export function readVersion(): string {
  for (
    let folder = new URL('./', import.meta.url);
    folder.pathname !== '/';
    folder = new URL('../', folder)
  ) {
    try {
      return packageSchema.parse(JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))).version;
    } catch {
      // Not here: the next folder up.
    }
  }
  return 'unknown';
}
