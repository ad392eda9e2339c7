const longest = 100;

/** Words of others made fit for a reason: one short line that can be printed anywhere. */
export function reasonText(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}~` : line;
}
