/**
 * Rows as arrays (`raw`), looked at by hand. What a window is made of is not read by schemas: they take longer and leave
 * five times as much behind, and V8 soon allocates the objects in which they return as long-lived. Such an object, dead
 * or not, carries what it points to into the old generation, which only a full collection clears: one for every hundred
 * windows of thirty days.
 */
export const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

export const isIntegers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item));

export class UnreadableRowError extends TypeError {
  constructor(what: string) {
    super(`${what} of the journal cannot be read`);
    this.name = 'UnreadableRowError';
  }
}

/** A row of nothing but integers. */
export function integersOf(row: unknown, what: string): number[] {
  if (isIntegers(row)) return row;
  throw new UnreadableRowError(what);
}

/** What a row of one text holds as JSON: rows one by one take three times as long to come out of the database. */
export function jsonOf(row: unknown, what: string): unknown {
  const text: unknown = Array.isArray(row) ? row[0] : undefined;
  if (text === null) return null;
  if (typeof text === 'string') return JSON.parse(text);
  throw new UnreadableRowError(what);
}
