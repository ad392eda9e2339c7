import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

import { delay, isRunning } from '#platform';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/database';

const deathLimitMs = 10_000;
const mostStarts = 20;
const books = 'books';
const copy = 'books_copy';

/**
 * A PostgreSQL of its own that may be killed. What it has committed survives the death of its processes, because it is
 * written to the system's cache before the commit is answered; only the loss of power would need fsync.
 */
export class CrashingPostgres {
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<CrashingPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'torture-postgres-'));
    // As root PostgreSQL runs as another user, who must be able to enter.
    await chmod(folder, 0o755);
    const postgres = new CrashingPostgres(folder, await startIn(folder));
    await postgres.ask(`create database ${books}`);
    return postgres;
  }

  /** Of the books; another one after each crash. */
  get url(): string {
    const url = new URL(this.server.url);
    url.pathname = `/${books}`;
    return url.href;
  }

  /** Copies the books byte for byte. Nobody may be connected to them. */
  async copyBooks(): Promise<void> {
    await this.ask(`drop database if exists ${copy}`);
    await this.ask(`create database ${copy} template ${books}`);
  }

  /** The copy takes the place of the books. Nobody may be connected to them. */
  async restoreCopy(): Promise<void> {
    await this.ask(`drop database ${books} with (force)`);
    await this.ask(`alter database ${copy} rename to ${books}`);
  }

  /** SIGKILL of the server, then a start on the same data, on whatever port is free then. */
  async crash(downMs: number): Promise<void> {
    const { pid } = this.server;
    process.kill(pid, 'SIGKILL');
    for (const deadline = Date.now() + deathLimitMs; isRunning(pid) && Date.now() < deadline;) {
      await delay(10);
    }
    await delay(downMs);
    this.server = await this.startAgain();
  }

  /** Its processes hold the shared memory until they have noticed that the first one is gone. */
  private async startAgain(): Promise<EmbeddedPostgres> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await startIn(this.folder);
      } catch (error) {
        if (attempt >= mostStarts) throw error;
        await delay(200);
      }
    }
  }

  private async ask(sql: string): Promise<void> {
    const client = new Client({ connectionString: this.server.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const startIn = (folder: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '100' },
  });
