/** A payout that was not executed in so many final txs is a person's affair. */
const mostFailures = 8;
const firstRetrySeconds = 15;
const longestRetrySeconds = 3_600;

export interface AfterFailure {
  status: 'reserved' | 'held';
  holdReason: string | null;
  retryAfterSeconds: number;
}

/**
 * What becomes of a payout that a final tx has not executed. Tried again after 15 s, 30 s … one hour; held after eight
 * times, and at once when the token did something that nobody asked for.
 * @param failures before this one
 */
export function afterFailure(failures: number, strange: string | null): AfterFailure {
  const retryAfterSeconds = Math.min(longestRetrySeconds, firstRetrySeconds * 2 ** Math.min(failures, 10));
  const holdReason =
    strange ??
    (failures + 1 >= mostFailures
      ? `not executed in ${mostFailures} final txs; somebody should look why`
      : null);
  return { status: holdReason === null ? 'reserved' : 'held', holdReason, retryAfterSeconds };
}
