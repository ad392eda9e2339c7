const secondsPerHour = 3_600n;
/** More than a century: "enough" is no number. */
const mostHours = 1_000_000n;

/** @param seconds in which `spent` was spent, above zero */
export function hoursLeft(
  left: bigint,
  spent: bigint,
  seconds: bigint,
): { perHour: bigint; hours: number | null } {
  const perHour = (spent * secondsPerHour) / seconds;
  if (spent <= 0n) return { perHour: 0n, hours: null };
  if (left <= 0n) return { perHour, hours: 0 };
  const hours = (left * seconds) / (spent * secondsPerHour);
  return { perHour, hours: Number(hours > mostHours ? mostHours : hours) };
}
