import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { Database } from '#platform/database';

import { RuleError } from '../books/errors.js';
import { selectRow } from '../books/sql-rows.js';

export interface KeyedRequest {
  /** What the caller made up to name this request; without one the work is done every time. */
  key: string | undefined;
  actor: string;
  /** Method and path: the same key means something else elsewhere. */
  route: string;
  /** The parsed request; its parts in an order that does not depend on the caller. */
  content: unknown;
}

export interface KeyedAnswer<T> {
  answer: T;
  /** True when it had been done before under this key: nothing was written. */
  repeated: boolean;
}

const keyRow = z.object({ route: z.string(), content_hash: z.instanceof(Buffer), answer: z.string() });

const hashOf = (content: unknown): Buffer =>
  createHash('sha256')
    .update(
      JSON.stringify(content ?? null, (_name, part: unknown) =>
        typeof part === 'bigint' ? `${part.toString()}n` : part,
      ),
    )
    .digest();

/**
 * Does what a request asks for once per key, whichever replica it reaches and however often: the answer is written in
 * the transaction of the work, so there is none without the other.
 */
@Injectable()
export class RequestKeys {
  constructor(private readonly database: Database) {}

  /**
   * @param answer what the work returns, as it stands on the wire: a repetition reads it from JSON
   * @throws RuleError for a key that cannot be one, or that was used for something else
   */
  async once<S extends z.ZodType>(
    request: KeyedRequest,
    answer: S,
    work: (tx: EntityManager) => Promise<z.output<S>>,
  ): Promise<KeyedAnswer<z.output<S>>> {
    const { key } = request;
    if (key === undefined) {
      return { answer: await this.database.transaction(work), repeated: false };
    }
    if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(key)) {
      throw new RuleError('must have 1 to 200 printable ASCII characters', 'Idempotency-Key');
    }
    return this.database.transaction((tx) => this.onceWithin(tx, { ...request, key }, answer, work));
  }

  private async onceWithin<S extends z.ZodType>(
    tx: EntityManager,
    { key, actor, route, content }: KeyedRequest & { key: string },
    answer: S,
    work: (tx: EntityManager) => Promise<z.output<S>>,
  ): Promise<KeyedAnswer<z.output<S>>> {
    // Of two at once the second waits here, and sees what the first has written.
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`request/${actor}/${key}`]);
    const known = await selectRow(
      tx,
      keyRow,
      'select route, content_hash, answer from payments.request_key where actor = $1 and key = $2',
      [actor, key],
    );
    const hash = hashOf(content);
    if (known) {
      if (known.route !== route || !known.content_hash.equals(hash)) {
        throw new RuleError('was used for another request', 'Idempotency-Key');
      }
      return { answer: answer.parse(JSON.parse(known.answer)), repeated: true };
    }
    const done = await work(tx);
    await tx.query(
      'insert into payments.request_key (actor, key, route, content_hash, answer) values ($1, $2, $3, $4, $5)',
      [actor, key, route, hash, JSON.stringify(done)],
    );
    return { answer: done, repeated: false };
  }
}
