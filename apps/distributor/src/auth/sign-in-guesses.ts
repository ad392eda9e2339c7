import { errorCode, FactLogger } from '#platform';
import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { GuessLimit } from './guess-limit.js';

const waitRows = z.array(z.object({ wait_ms: z.coerce.number() }));

/** Wrong passwords that one source may try before it waits. */
const freeGuesses = 5;
/** The first wait; each further wrong guess doubles it. */
const firstWaitSeconds = 60;
const longestWaitSeconds = 900;
/** After a day without a wrong guess a source starts anew. */
const forgottenAfterSeconds = 86_400;

/** Who has an IPv6 address has 2^64 of them: the network counts, not the address. */
export function sourceOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace(/^::ffff:/, '');
  const [head = '', tail = ''] = address.split('::');
  const parts = head.split(':').filter(Boolean);
  const ending = tail.split(':').filter(Boolean);
  const full = address.includes('::')
    ? [...parts, ...Array.from({ length: 8 - parts.length - ending.length }, () => '0'), ...ending]
    : parts;
  return `${full.slice(0, 4).join(':')}::/64`;
}

/**
 * Wrong passwords by source, counted in the database, so that a guesser gains nothing from replicas or restarts. By
 * source and never in total: who guesses elsewhere cannot lock the owner out. While the database is away this process
 * counts by itself.
 */
@Injectable()
export class SignInGuesses {
  private readonly log = new FactLogger('sign-in');
  private readonly own = new GuessLimit({ maxGuesses: freeGuesses, windowMs: firstWaitSeconds * 1_000 });

  constructor(private readonly database: Database) {}

  /** Milliseconds until this address may guess again; 0 when it may now. */
  async waitMs(address: string): Promise<number> {
    const own = this.own.waitMs(sourceOf(address));
    const [row] = await this.ask(
      `select greatest(0, extract(epoch from closed_until - now()) * 1000)::bigint as wait_ms
         from access.wrong_password where source = $1`,
      [sourceOf(address)],
    );
    return Math.max(own, row?.wait_ms ?? 0);
  }

  async wrong(address: string): Promise<void> {
    this.own.wrong(sourceOf(address));
    await this.ask(`delete from access.wrong_password where forgotten_at < now()`, []);
    await this.ask(
      `insert into access.wrong_password as known (source, wrong, closed_until, forgotten_at)
         values ($1, 1, now(), now() + make_interval(secs => $4))
         on conflict (source) do update set
           wrong = known.wrong + 1, forgotten_at = excluded.forgotten_at,
           closed_until = case when known.wrong + 1 >= $2::int
             then now() + make_interval(secs => least($5::float8, $3::float8 * power(2, least(known.wrong + 1 - $2::int, 20))))
             else now() end
       returning 0 as wait_ms`,
      [sourceOf(address), freeGuesses, firstWaitSeconds, forgottenAfterSeconds, longestWaitSeconds],
    );
  }

  async right(address: string): Promise<void> {
    this.own.right(sourceOf(address));
    await this.ask('delete from access.wrong_password where source = $1', [sourceOf(address)]);
  }

  private async ask(text: string, parameters: readonly unknown[]): Promise<z.output<typeof waitRows>> {
    if (!this.database.isReady) return [];
    try {
      const answer: unknown = await this.database.dataSource.query(text, [...parameters]);
      return waitRows.safeParse(answer).data ?? [];
    } catch (error) {
      this.log.warn('guesses not counted in the database', { code: errorCode(error) ?? 'unknown' });
      return [];
    }
  }
}
