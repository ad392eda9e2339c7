import { Problem } from '#platform';
import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { verifyMessage } from 'ethers/hash';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { rowsOf } from '../history/rows.js';
import { nonceOf, signInMessage } from './sign-in-message.js';

/** Long enough for a hardware wallet. */
const LIFETIME_MS = 5 * 60_000;
/** Anybody may ask for a message: so many wait to be signed at once. */
const MOST_WAITING = 10_000;

const nowRow = z.object({ now: z.date() });
const keptRow = z.object({ address: z.string(), message: z.string(), is_alive: z.boolean() });

const refused = (detail: string) => new Problem({ status: 401, detail });

export interface Place {
  origin: URL;
  chainId: number;
}

/** Messages to be signed: each is kept, good once, and whatever comes back must be that very text. */
@Injectable()
export class SignInMessages {
  constructor(private readonly database: Database) {}

  /** @throws Problem 503 when too many wait */
  async issue(address: string, { origin, chainId }: Place): Promise<{ message: string; expiresAt: Date }> {
    const sql = this.database.dataSource;
    await sql.query('delete from dashboard.sign_in_message where expires_at < clock_timestamp()');
    const [clock] = await rowsOf(sql, nowRow, "select date_trunc('milliseconds', clock_timestamp()) as now");
    const issuedAt = clock?.now ?? new Date();
    const expiresAt = new Date(issuedAt.getTime() + LIFETIME_MS);
    const nonce = randomBytes(16).toString('hex');
    const message = signInMessage({ origin, address, chainId, nonce, issuedAt, expiresAt });
    const kept = await rowsOf(
      sql,
      z.object({ nonce: z.string() }),
      `insert into dashboard.sign_in_message (nonce, address, message, issued_at, expires_at)
         select $1, $2, $3, $4, $5 where (select count(*) from dashboard.sign_in_message) < $6 returning nonce`,
      [nonce, address, message, issuedAt, expiresAt, MOST_WAITING],
    );
    if (kept.length > 0) return { message, expiresAt };
    throw new Problem({
      status: 503,
      detail: 'Too many sign-ins are under way. Try again in a few minutes.',
      headers: { 'retry-after': '60' },
    });
  }

  /**
   * Whose signature this is. The message is gone afterwards, whatever came of it, so that a nonce is never tried twice.
   * @returns the address that signed
   * @throws Problem 401
   */
  async redeem(message: string, signature: string, { origin, chainId }: Place): Promise<string> {
    const kept = await this.take(nonceOf(message));
    if (kept?.message !== message) throw refused('This message was not written here, or was used already.');
    if (!kept.is_alive) throw refused('The message has expired: ask for another one.');
    const isOurs =
      message.startsWith(`${origin.host} wants you to sign in`) &&
      message.includes(`\nURI: ${origin.origin}\n`) &&
      message.includes(`\nChain ID: ${chainId}\n`);
    if (!isOurs) throw refused('The message is for another page or another chain.');
    if (signerOf(message, signature) !== kept.address) {
      throw refused('The signature is not that of the address in the message.');
    }
    return kept.address;
  }

  private async take(nonce: string | undefined): Promise<z.output<typeof keptRow> | undefined> {
    if (nonce === undefined) return undefined;
    const [kept] = await rowsOf(
      this.database.dataSource,
      keptRow,
      `with taken as (delete from dashboard.sign_in_message where nonce = $1 returning address, message, expires_at)
       select address, message, expires_at > clock_timestamp() as is_alive from taken`,
      [nonce],
    );
    return kept;
  }
}

/** EIP-191; undefined for bytes that are no signature. */
function signerOf(message: string, signature: string): string | undefined {
  try {
    return verifyMessage(message, signature);
  } catch {
    return undefined;
  }
}
