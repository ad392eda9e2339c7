/**
 * Starts what all test files share, in the process that outlives them: the build that end-to-end tests run, and one
 * PostgreSQL in which each file makes databases of its own. Durability is off: nothing here survives the run.
 */
import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';

import { createDatabaseFolder } from './database-folder.js';

export default async function setUp() {
  execFileSync(process.execPath, [new URL('../../tools/build.js', import.meta.url).pathname], {
    stdio: 'inherit',
  });
  const { startEmbeddedPostgres } = await import('../../dist/libs/platform/src/database/index.js');
  const folder = await createDatabaseFolder();
  // As root PostgreSQL runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      max_wal_size: '256MB',
    },
  });
  process.env.TEST_POSTGRES_URL = postgres.url;
  // Where the run is cut off, no teardown follows.
  process.once('exit', () => {
    try {
      process.kill(postgres.pid, 'SIGINT');
    } catch {
      // It has ended, as it should.
    }
  });
  globalThis.testPostgres = { postgres, folder };
}
