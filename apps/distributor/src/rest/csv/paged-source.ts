import type { Page } from '#payments';
import type { CsvSource } from './csv-exports.js';

/** Large pages, because each costs a question to the database; small enough to hold a few at once. */
const ROWS_AT_ONCE = 500;

/** A list that is only added to at its beginning, read page by page to its end: no connection is held in between. */
export function pagedSource<Row>(
  list: (page: { limit: number; cursor: string | null }) => Promise<Page<Row>>,
): () => Promise<CsvSource<Row>> {
  async function* batches(first: Page<Row>): AsyncGenerator<Row[], void, undefined> {
    for (let page = first; ;) {
      yield page.items;
      if (page.nextCursor === null) return;
      page = await list({ limit: ROWS_AT_ONCE, cursor: page.nextCursor });
    }
  }
  // The first page is read before anything is sent, so that a fault in the question is answered as one.
  return async () => {
    const first = await list({ limit: ROWS_AT_ONCE, cursor: null });
    return { batches: batches(first), close: () => Promise.resolve() };
  };
}
