import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { readIfExists, writeWhole } from '#platform';
import { removeEmbeddedPostgresData } from '#platform/database';

import { type LocalOptions, UsageError } from './options.js';
import type { RunLock } from './run-lock.js';

const settingsSchema = z.object({
  periodSeconds: z.number().int().positive(),
  adminPassword: z.string(),
  orchestratorSecret: z.string(),
});

/** What must stay the same from one run to the next on the same books. */
export type LocalSettings = z.output<typeof settingsSchema>;

async function readSettings(file: string): Promise<LocalSettings | undefined> {
  const text = await readIfExists(file);
  return text === undefined ? undefined : settingsSchema.parse(JSON.parse(text));
}

async function empty(folder: string): Promise<void> {
  await removeEmbeddedPostgresData(join(folder, 'postgres'));
  for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true, force: true });
}

/**
 * Opens the state folder, emptied first when asked, and returns its settings.
 * @throws UsageError when another run lives here, or when a period is asked for that the books do not have
 */
export async function openState(options: LocalOptions, lock: RunLock): Promise<LocalSettings> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o755 });
  // Before anything is removed: another run may live here.
  await lock.take();
  if (options.fresh) {
    await empty(options.stateDir);
    await lock.take();
  }
  const file = join(options.stateDir, 'settings.json');
  const kept = await readSettings(file);
  if (kept && options.periodSeconds !== undefined && options.periodSeconds !== kept.periodSeconds) {
    throw new UsageError(
      `The books in ${options.stateDir} have a period of ${kept.periodSeconds} s, which cannot change. ` +
        'Start without --period, or begin anew with --fresh.',
    );
  }
  const settings: LocalSettings = {
    periodSeconds: kept?.periodSeconds ?? options.periodSeconds ?? 60,
    adminPassword: options.adminPassword ?? kept?.adminPassword ?? randomBytes(9).toString('base64url'),
    orchestratorSecret: kept?.orchestratorSecret ?? randomBytes(18).toString('base64url'),
  };
  writeWhole(file, `${JSON.stringify(settings, null, 2)}\n`);
  return settings;
}
