import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The token of `CAPABILITY_TOKEN`: an orchestrator of master brings it with each job, one of pr-3650 cannot. */
export class JobToken {
  private readonly expected: Buffer | undefined;

  /** Without a token every job is taken. */
  constructor(token: string | undefined) {
    this.expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  }

  /** Why the job is not taken; undefined when it is. */
  refusalOf(authorization: string | undefined): string | undefined {
    if (this.expected === undefined) return undefined;
    if (authorization === undefined) {
      return (
        'This worker takes jobs with its token only (CAPABILITY_TOKEN), and there is none: an orchestrator of pr-3650 ' +
        'sends no token, so that the variable must not be set there'
      );
    }
    // Of equal length whatever came, so that the time taken tells nothing.
    if (timingSafeEqual(digest(authorization), this.expected)) return undefined;
    return 'The token is not the one that this worker registered (CAPABILITY_TOKEN)';
  }
}
