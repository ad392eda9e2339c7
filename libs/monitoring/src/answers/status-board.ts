import type { Clock } from '../clock.js';
import type { MonitorEvents } from './monitor-events.js';
import { nextStatus, notObserved, type ProbeView, type ServiceStatus } from './service-status.js';
import type { Observation } from '../segments/observation.js';
import type { ServiceEvent } from '../segments/service-event.js';

/** What an event told of a container before an inspection did. */
interface Told {
  reason: string;
  atMs: number;
}

interface Shown {
  status: ServiceStatus;
  observation: Observation | null;
  told: Told | null;
}

/** The status as the event has it. One that was asked for before may show what was before it. */
function withTold(status: ServiceStatus, before: ServiceStatus, told: Told): ServiceStatus {
  const { reason } = told;
  const sinceMs = before.state === 'down' && before.reason === reason ? before.sinceMs : told.atMs;
  const changed = { ...status, state: 'down' as const, reason, sinceMs };
  return reason === 'unhealthy'
    ? { ...changed, health: 'unhealthy' }
    : { ...changed, status: reason, running: false };
}

/** What every service is now, and the changes as they happen. */
export class StatusBoard {
  private readonly shown = new Map<string, Shown>();

  constructor(
    private readonly probeOf: (service: string) => ProbeView | null,
    private readonly clock: Clock,
    private readonly events: MonitorEvents,
  ) {}

  get names(): Iterable<string> {
    return this.shown.keys();
  }

  include(service: string): void {
    this.shown.set(service, { status: notObserved(service), observation: null, told: null });
  }

  exclude(service: string): void {
    this.shown.delete(service);
  }

  statusOf(service: string): ServiceStatus {
    // A probe's word ages by itself, without anything being seen.
    this.update(service);
    return this.shown.get(service)?.status ?? notObserved(service);
  }

  observed(service: string, observation: Observation): void {
    const shown = this.shown.get(service);
    if (!shown) return;
    shown.observation = observation;
    this.update(service);
  }

  /**
   * Shows at once that the container which was seen last has failed: the Engine may hold back the answer to an
   * inspection until it has cleaned up. What counts as uptime is not decided here.
   */
  told(service: string, { effect, reason, atMs, containerId }: ServiceEvent): void {
    const shown = this.shown.get(service);
    if (effect !== 'fails' || reason === null || !shown?.observation) return;
    const { observation, status } = shown;
    const isOfThatRun = status.containerId === containerId && atMs >= observation.askedAt.wallMs;
    if (!isOfThatRun || (status.state !== 'up' && status.state !== 'starting')) return;
    shown.told = { reason, atMs };
    this.update(service);
  }

  /** An inspection that was asked for after the event has been answered, or given up. */
  confirmed(service: string): void {
    const shown = this.shown.get(service);
    if (!shown?.told) return;
    shown.told = null;
    this.update(service);
  }

  probed(service: string): void {
    this.update(service);
  }

  private update(service: string) {
    const shown = this.shown.get(service);
    if (!shown?.observation) return;
    const { status: before, observation, told } = shown;
    const nowMs = this.clock.now().wallMs;
    const seen = nextStatus(before, observation, this.probeOf(service), nowMs);
    const status = told ? withTold(seen, before, told) : seen;
    shown.status = status;
    if (before.state === status.state) return;
    const { state: to, reason } = status;
    const atMs = status.sinceMs ?? nowMs;
    this.events.emit('transition', { service, from: before.state, to, reason, atMs });
  }
}
