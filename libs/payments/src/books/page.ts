import { z } from 'zod';

import { RuleError } from './errors.js';

export interface PageRequest {
  /** At most 1,000; 100 unless given. */
  limit?: number | undefined;
  cursor?: string | null | undefined;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

export const pageLimit = ({ limit = DEFAULT_PAGE }: PageRequest): number =>
  Math.max(1, Math.min(MAX_PAGE, Math.trunc(limit)));

/** A cursor is the sort key of the last item, opaque to callers. */
export const encodeCursor = (key: readonly string[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

/** The parts of the cursor, or as many nulls for the first page. @throws RuleError for one that we did not make */
export function decodeCursor<S extends z.ZodType<unknown[]>>(
  { cursor }: PageRequest,
  key: S,
): z.output<S> | null {
  if (cursor === undefined || cursor === null) return null;
  try {
    return key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new RuleError('is not a cursor of this list', 'cursor');
  }
}

/** Cuts rows that were read with one more than the limit into a page. */
export function toPage<T>(rows: readonly T[], limit: number, keyOf: (item: T) => readonly string[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
