export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}

/** The value that `share` of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** For figures that had better be small. */
export const medianAndLargest = (values: readonly number[]): { value: number; worst: number } => ({
  value: median(values),
  worst: Math.max(...values),
});

/** For figures that had better be large. */
export const medianAndSmallest = (values: readonly number[]): { value: number; worst: number } => ({
  value: median(values),
  worst: Math.min(...values),
});
