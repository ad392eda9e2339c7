/** Several metrics of one scrape are read once; a failure is met by each of them and not kept. */
export function readOnce<T>(read: () => Promise<T>, freshForMs = 1_000): () => Promise<T> {
  let kept: { atMs: number; value: Promise<T> } | undefined;
  return () => {
    const nowMs = performance.now();
    if (kept === undefined || nowMs - kept.atMs >= freshForMs) {
      const value = read();
      kept = { atMs: nowMs, value };
      value.catch(() => (kept = undefined));
    }
    return kept.value;
  };
}
