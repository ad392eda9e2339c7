/**
 * Whether an `Accept` header asks for CSV rather than JSON, which is what everybody else gets: also those who accept
 * anything, and those who accept nothing that we have. Of two that are equally welcome the more specific one counts,
 * then the one that stands first.
 */
export function prefersCsv(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(parseRange);
  const csv = bestFor(ranges, ['text/csv', 'text/*']);
  const json = bestFor(ranges, ['application/json', 'application/*', '*/*']);
  if (!csv || csv.quality === 0) return false;
  if (csv.quality !== json?.quality) return csv.quality > (json?.quality ?? 0);
  return csv.specificity === json.specificity
    ? csv.position < json.position
    : csv.specificity > json.specificity;
}

interface MediaRange {
  type: string;
  quality: number;
  position: number;
}

function parseRange(text: string, position: number): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [, quality = '1'] =
    parameters.map((parameter) => /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter)).find(Boolean) ?? [];
  return { type, quality: Number(quality), position };
}

/** The most specific range that covers a type says how welcome it is (RFC 9110, 12.5.1). */
function bestFor(ranges: readonly MediaRange[], covering: readonly string[]) {
  for (const [index, type] of covering.entries()) {
    const range = ranges.find((candidate) => candidate.type === type);
    if (range) return { ...range, specificity: type === '*/*' ? 0 : 2 - index };
  }
  return undefined;
}
