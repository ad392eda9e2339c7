/** What a container event means for the service whose name the container bears. */
export type EventEffect =
  /** The service stopped being up. */
  | 'fails'
  /** A container without a health check may be up from here. */
  | 'begins'
  /** The health check found the container healthy. */
  | 'heals';

export interface ServiceEvent {
  /** Unix milliseconds by the Engine's clock, never later than its receipt here. */
  atMs: number;
  effect: EventEffect;
  /** The reason of the down time that a failing event opens. */
  reason: string | null;
  /** It only follows the failure: when this comes first, the event that told of the failure was lost. */
  aftermath: boolean;
  containerId: string;
}

type Effect = Pick<ServiceEvent, 'effect' | 'reason' | 'aftermath'>;

const fails = (reason: string, aftermath = false): Effect => ({ effect: 'fails', reason, aftermath });
const begins: Effect = { effect: 'begins', reason: null, aftermath: false };

const effects: Readonly<Record<string, Effect>> = {
  die: fails('exited'),
  stop: fails('exited', true),
  destroy: fails('missing', true),
  pause: fails('paused'),
  'health_status: unhealthy': fails('unhealthy'),
  start: begins,
  unpause: begins,
  'health_status: healthy': { effect: 'heals', reason: null, aftermath: false },
};

/**
 * The effect of one container event on the service `service`; undefined when it has none: `kill` may be a harmless
 * SIGHUP, `oom` may have killed a child, `restart` follows the `start` that matters.
 */
export function effectOn(
  service: string,
  event: { action: string; name: string; containerId: string; atMs: number },
): ServiceEvent | undefined {
  const { containerId, atMs } = event;
  if (event.action === 'rename') {
    return { atMs, containerId, ...(event.name === service ? begins : fails('missing')) };
  }
  const known = effects[event.action];
  return known && { atMs, containerId, ...known };
}

const watched = /^(create|start|restart|stop|die|kill|oom|pause|unpause|rename|update|destroy|health_status)/;

/** Whether an event is reason enough to inspect at once; `exec_*`, `attach`, `top` and the like are not. */
export const callsForInspection = (action: string): boolean => watched.test(action);
