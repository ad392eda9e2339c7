/** The file is refused; nothing was restored. */
export class BackupRefusedError extends Error {
  override readonly name = 'BackupRefusedError';
  constructor(
    readonly fault: 'not_a_backup' | 'version' | 'damaged' | 'migrations',
    message: string,
  ) {
    super(message);
  }
}

/** A backup is restored into an empty database only. */
export class DatabaseNotEmptyError extends Error {
  override readonly name = 'DatabaseNotEmptyError';
  constructor(readonly found: string) {
    super(
      `The database is not empty: ${found} stands there. Restore into a new one, and keep this one until the restored ` +
        'books have been looked at.',
    );
  }
}

/** What was loaded is not what the backup says; the transaction was rolled back. */
export class RestoreFailedError extends Error {
  override readonly name = 'RestoreFailedError';
}

/** There is nothing to back up. */
export class NoBooksError extends Error {
  override readonly name = 'NoBooksError';
  constructor() {
    super('There are no books in this database: a distributor opens them at its first start.');
  }
}

export class BackupExistsError extends Error {
  override readonly name = 'BackupExistsError';
  constructor(readonly path: string) {
    super(`${path} exists already: a backup is never overwritten`);
  }
}
