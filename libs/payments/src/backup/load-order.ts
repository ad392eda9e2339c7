export interface Reference {
  from: string;
  to: string;
}

/**
 * Tables so ordered that each comes after those that it refers to; among equals by name. A table may refer to itself.
 * @throws Error for tables that refer to each other in a circle
 */
export function loadOrder(tables: readonly string[], references: readonly Reference[]): string[] {
  const waiting = new Set([...tables].sort());
  const ordered: string[] = [];
  while (waiting.size > 0) {
    const isFree = (table: string) =>
      !references.some(({ from, to }) => from === table && to !== table && waiting.has(to));
    const free = [...waiting].filter(isFree);
    if (free.length === 0) {
      throw new Error(`Tables refer to each other in a circle: ${[...waiting].join(', ')}`);
    }
    for (const table of free) waiting.delete(table);
    ordered.push(...free);
  }
  return ordered;
}
