import type { AssessmentRecord, Orchestrator } from '#payments';

/** How long one service was in each state during a period, in milliseconds. */
export interface ServiceTimes {
  name: string;
  upMs: bigint;
  downMs: bigint;
  startingMs: bigint;
  unknownMs: bigint;
}

export type JudgedPeriod = Pick<AssessmentRecord, 'decision' | 'periodEnd' | 'uptimePercentage'> & {
  /** Empty without sound evidence. */
  services: readonly ServiceTimes[];
};

/** `partly`: up for some of the period; otherwise the state that took most of it. */
export type ServiceState = 'up' | 'partly' | 'down' | 'starting' | 'unknown';

/**
 * `on_air`: the newest period was paid, `degraded`: up, but too little, `off_air`: nothing was up, `unknown`: no fresh
 * or no sound evidence, `waiting`: nothing judged yet, `paused`: by its operator's payer.
 */
export type OnAirState = 'on_air' | 'degraded' | 'off_air' | 'unknown' | 'waiting' | 'paused';

/** Evidence comes seconds after its period; three periods without any, or a minute more than one, is silence. */
const patienceMs = (periodMs: number) => Math.max(3 * periodMs, periodMs + 60_000);

export function onAirState(
  orchestrator: Pick<Orchestrator, 'status'>,
  newest: JudgedPeriod | undefined,
  { nowMs, periodMs }: { nowMs: number; periodMs: number },
): OnAirState {
  if (orchestrator.status === 'paused') return 'paused';
  if (newest === undefined) return 'waiting';
  if (nowMs - newest.periodEnd.getTime() > patienceMs(periodMs)) return 'unknown';
  if (newest.decision === 'paid') return 'on_air';
  if (newest.services.length === 0 || newest.uptimePercentage === null) return 'unknown';
  return newest.services.some(({ upMs }) => upMs > 0n) ? 'degraded' : 'off_air';
}

export function serviceState({ upMs, downMs, startingMs, unknownMs }: ServiceTimes): ServiceState {
  const notUpMs = downMs + startingMs + unknownMs;
  if (notUpMs === 0n && upMs > 0n) return 'up';
  if (upMs > 0n) return 'partly';
  if (downMs > 0n && downMs >= startingMs && downMs >= unknownMs) return 'down';
  return startingMs > unknownMs ? 'starting' : 'unknown';
}
