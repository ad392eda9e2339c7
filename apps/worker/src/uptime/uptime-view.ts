import {
  aggregateUptime,
  floorPercentage,
  isAboveThreshold,
  type ProbeStatus,
  type ServiceStatus,
  type WindowUptime,
} from '#monitoring';
import { toIsoTime } from '#platform';

import type { ServiceStatuses, ServiceUptimes } from './uptime.responses.js';

const shareOf = (upMs: number, windowMs: number) => ({ upMs: BigInt(upMs), windowMs: BigInt(windowMs) });

/**
 * The worker's own opinion of a window, for information: the mean over all that it watches. A service counts as up when
 * its share of the window is above the threshold.
 */
export function judgeWindow(window: WindowUptime, minUptimeBasisPoints: bigint) {
  const windowMs = window.toMs - window.fromMs;
  const uptime = aggregateUptime(
    {
      windowMs: BigInt(windowMs),
      allUpMs: BigInt(window.allUpMs),
      services: window.services.map(({ name, upMs }) => ({ name, upMs: BigInt(upMs) })),
    },
    window.services.map(({ name }) => name),
    'mean',
  );
  const up = window.services.filter(({ upMs }) =>
    isAboveThreshold(shareOf(upMs, windowMs), minUptimeBasisPoints),
  );
  return {
    percentage: floorPercentage(uptime),
    isEligible: isAboveThreshold(uptime, minUptimeBasisPoints),
    total: window.services.length,
    up: up.length,
    down: window.services.length - up.length,
  };
}

/** All of the answer but when it is given. */
export function uptimeView(
  window: WindowUptime,
  minUptimeBasisPoints: bigint,
): Omit<ServiceUptimes, 'timestamp'> {
  const windowMs = window.toMs - window.fromMs;
  const { percentage, isEligible, total, up, down } = judgeWindow(window, minUptimeBasisPoints);
  const knownMs = window.services.reduce((sum, { unknownMs }) => sum + windowMs - unknownMs, 0);
  return {
    from: toIsoTime(window.fromMs),
    to: toIsoTime(window.toMs),
    window_ms: windowMs,
    overall_uptime_percentage: percentage,
    aggregation: 'mean',
    services_up: up,
    services_down: down,
    total_services: total,
    eligible_for_payment: isEligible,
    min_uptime_required: Number(minUptimeBasisPoints) / 100,
    coverage_percentage: floorPercentage(shareOf(knownMs, windowMs * total)),
    all_up_ms: window.allUpMs,
    services: window.services.map((service) => ({
      name: service.name,
      up_ms: service.upMs,
      inferred_up_ms: service.inferredUpMs,
      down_ms: service.downMs,
      starting_ms: service.startingMs,
      unknown_ms: service.unknownMs,
      uptime_percentage: floorPercentage(shareOf(service.upMs, windowMs)),
    })),
  };
}

const isoOrNull = (ms: number | null) => (ms === null ? null : toIsoTime(ms));

const probeView = ({ type, state, lastSuccessMs, failingSinceMs, detail }: ProbeStatus) => ({
  type,
  state,
  last_success_at: isoOrNull(lastSuccessMs),
  failing_since: isoOrNull(failingSinceMs),
  detail,
});

/**
 * What each service does now, beside its uptime in `window`, the last minute that is settled; without one nothing is
 * known to have been up.
 */
export function statusView(
  statuses: readonly ServiceStatus[],
  window: WindowUptime | undefined,
  minUptimeBasisPoints: bigint,
  nowMs: number,
): Omit<ServiceStatuses, 'empty_patterns' | 'registration'> {
  const windowMs = window ? window.toMs - window.fromMs : 0;
  const upMs = new Map(window?.services.map((service) => [service.name, service.upMs]));
  const judged = window && judgeWindow(window, minUptimeBasisPoints);
  const up = statuses.filter(({ state }) => state === 'up').length;
  return {
    timestamp: toIsoTime(nowMs),
    monitored_count: statuses.length,
    services: Object.fromEntries(
      statuses.map((service) => [
        service.name,
        {
          status: service.status,
          state: service.state,
          reason: service.reason,
          running: service.running,
          health: service.health,
          since: isoOrNull(service.sinceMs),
          uptime_percentage: floorPercentage(shareOf(upMs.get(service.name) ?? 0, windowMs)),
          container_id: service.containerId,
          image: service.image,
          probe: service.probe && probeView(service.probe),
        },
      ]),
    ),
    summary: {
      overall_uptime: judged?.percentage ?? 0,
      services_up: up,
      services_down: statuses.length - up,
      total_services: statuses.length,
      eligible_for_payment: judged?.isEligible ?? false,
      min_uptime_required: Number(minUptimeBasisPoints) / 100,
    },
  };
}
