/** Whether something is away, since when it is so without a break, and whether people have been told. */
export interface Outage {
  isAway: boolean;
  sinceMs: number;
  /** When the outage that people were told of began; null while none is open. */
  openedMs: number | null;
}

export const initialOutage: Outage = { isAway: false, sinceMs: 0, openedMs: null };

interface Seen {
  isAway: boolean;
  nowMs: number;
  patienceMs: number;
}

type Next =
  | { outage: Outage; event: null }
  | { outage: Outage; event: 'opened' }
  | { outage: Outage; event: 'resolved'; openedMs: number };

/** Away, or back, for the whole of the patience: only then anybody is told. */
export function nextOutage(before: Outage, { isAway, nowMs, patienceMs }: Seen): Next {
  const sinceMs = before.isAway === isAway ? before.sinceMs : nowMs;
  const outage = { ...before, isAway, sinceMs };
  const hasLasted = nowMs - sinceMs >= patienceMs;
  if (isAway && hasLasted && before.openedMs === null)
    return { outage: { ...outage, openedMs: sinceMs }, event: 'opened' };
  if (!isAway && hasLasted && before.openedMs !== null)
    return { outage: { ...outage, openedMs: null }, event: 'resolved', openedMs: before.openedMs };
  return { outage, event: null };
}
