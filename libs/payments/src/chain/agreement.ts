/** What two nodes say alike, or why nothing is believed. */
export type Agreement<T> = { agreed: true; value: T } | ({ agreed: false } & Disagreement);

export interface Disagreement {
  /** `alone`: fewer than two answer. */
  reason: 'alone' | 'disagree';
  detail: string;
}

export interface Opinion<T> {
  node: string;
  value: T;
}

/** The first answer that another node gave too. One opinion is nobody's agreement. */
export function firstAgreed<T>(
  opinions: readonly Opinion<T>[],
  isSame: (one: T, other: T) => boolean,
): T | undefined {
  for (const [index, { value }] of opinions.entries()) {
    if (opinions.slice(index + 1).some((other) => isSame(value, other.value))) return value;
  }
  return undefined;
}
