import { mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** A run takes a quarter of it. */
const NEEDED_BYTES = 2 ** 30;
const PREFIX = 'test-postgres-';
const LONGEST_RUN_MS = 7_200_000;

async function hasRoom(folder) {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= NEEDED_BYTES;
  } catch {
    return false;
  }
}

/** Made by us long ago, and no server runs in it: a run that has just begun has none yet. */
async function isLeftOver(folder) {
  const made = await stat(folder).catch(() => undefined);
  if (made?.uid !== process.getuid() || Date.now() - made.mtimeMs < LONGEST_RUN_MS) return false;
  try {
    const [pid] = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

/** Where runs were cut off. */
async function removeLeftOver(parent) {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    if (name.startsWith(PREFIX) && (await isLeftOver(folder)))
      await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A folder for the run's PostgreSQL, in memory where there is room. Each test creates a database of six hundred files and
 * drops it: ext4 looks through all that was deleted in the last seconds for each file that it creates, which took most of
 * the time of such a test and slowed down everything else on the disk.
 */
export async function createDatabaseFolder() {
  const parent = (await hasRoom(MEMORY)) ? MEMORY : tmpdir();
  await removeLeftOver(parent);
  return mkdtemp(join(parent, PREFIX));
}
