import { signedReportSchema } from '#monitoring';
import type { Assessment, Orchestrator } from '#payments';

/** `partly`: up for some of the period; otherwise the state that took most of it. */
export type ServiceState = 'up' | 'partly' | 'down' | 'starting' | 'unknown';

/**
 * `on_air`: the newest period was paid, `degraded`: up, but too little, `off_air`: nothing was up, `unknown`: no fresh
 * or no sound evidence, `waiting`: nothing judged yet, `paused`: by its operator's payer.
 */
export type OnAirState = 'on_air' | 'degraded' | 'off_air' | 'unknown' | 'waiting' | 'paused';

export interface ServiceTimes {
  name: string;
  upMs: bigint;
  downMs: bigint;
  startingMs: bigint;
  unknownMs: bigint;
}

/** Evidence comes seconds after its period; three periods without any, or a minute more than one, is silence. */
export const patienceMs = (periodMs: number) => Math.max(3 * periodMs, periodMs + 60_000);

/** What the evidence says about each service; nothing when there is none that can be read. */
export function serviceTimesOf(evidence: unknown): ServiceTimes[] {
  const signed = signedReportSchema.safeParse(evidence);
  return signed.success ? signed.data.report.services : [];
}

/** @param newest the newest decided period within our patience */
export function onAirState(
  { status, createdAt }: Pick<Orchestrator, 'status' | 'createdAt'>,
  newest: Pick<Assessment, 'decision' | 'uptimePercentage'> | undefined,
  services: readonly ServiceTimes[],
  { nowMs, periodMs }: { nowMs: number; periodMs: number },
): OnAirState {
  if (status === 'paused') return 'paused';
  // The first period that counts is the first full one after the record was made.
  if (newest === undefined)
    return nowMs - createdAt.getTime() < patienceMs(periodMs) + periodMs ? 'waiting' : 'unknown';
  if (newest.decision === 'paid') return 'on_air';
  if (newest.uptimePercentage === null) return 'unknown';
  return services.some(({ upMs }) => upMs > 0n) ? 'degraded' : 'off_air';
}

export function serviceState({ upMs, downMs, startingMs, unknownMs }: ServiceTimes): ServiceState {
  const notUpMs = downMs + startingMs + unknownMs;
  if (notUpMs === 0n && upMs > 0n) return 'up';
  if (upMs > 0n) return 'partly';
  if (downMs > 0n && downMs >= startingMs && downMs >= unknownMs) return 'down';
  return startingMs > unknownMs ? 'starting' : 'unknown';
}
