/** Another worker writes to the same directory. */
export class JournalLockedError extends Error {
  constructor(directory: string, cause?: unknown) {
    super(`The journal in ${directory} is in use by another worker`, { cause });
    this.name = 'JournalLockedError';
  }
}

export class JournalUnwritableError extends Error {
  constructor(directory: string, cause: unknown) {
    super(
      `The journal in ${directory} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
    this.name = 'JournalUnwritableError';
  }
}
