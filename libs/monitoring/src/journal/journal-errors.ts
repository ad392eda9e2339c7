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

/** A journal of a later version of this program, which this one would not read right. */
export class JournalTooNewError extends Error {
  constructor(found: number, known: number) {
    super(`it was written by a newer worker (version ${found} of the journal; this one knows ${known})`);
    this.name = 'JournalTooNewError';
  }
}

/** What was asked needs details that retention has let go. */
export class CompactedError extends Error {
  constructor(
    detail: string,
    /** Unix milliseconds; from here on everything can be asked. */
    readonly keptSinceMs: number,
  ) {
    super(detail);
    this.name = 'CompactedError';
  }
}
