import { join } from 'node:path';

import Database from 'libsql';

import { JournalLockedError } from './journal-errors.js';

const isBusy = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');

/**
 * One writer per directory. An exclusive transaction that never ends, on a database of its own: the operating system
 * drops it when the process dies, however it dies, and the journal stays readable for others.
 * @throws JournalLockedError
 */
export class JournalLock {
  private readonly database: Database.Database;

  constructor(directory: string) {
    this.database = new Database(join(directory, 'journal.lock'), { timeout: 0 });
    try {
      this.database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      this.database.close();
      throw isBusy(error) ? new JournalLockedError(directory, error) : error;
    }
  }

  release(): void {
    this.database.exec('ROLLBACK');
    this.database.close();
  }
}
