import type { Clock } from '../clock.js';
import type { MonitorEvents } from './monitor-events.js';
import { nextStatus, notObserved, type ProbeView, type ServiceStatus } from './service-status.js';
import type { Observation } from '../segments/observation.js';

interface Shown {
  status: ServiceStatus;
  observation: Observation | null;
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
    this.shown.set(service, { status: notObserved(service), observation: null });
  }

  exclude(service: string): void {
    this.shown.delete(service);
  }

  statusOf(service: string): ServiceStatus {
    // A probe's word ages by itself, without anything being seen.
    this.update(service, this.shown.get(service)?.observation ?? null);
    return this.shown.get(service)?.status ?? notObserved(service);
  }

  observed(service: string, observation: Observation): void {
    this.update(service, observation);
  }

  probed(service: string): void {
    this.update(service, this.shown.get(service)?.observation ?? null);
  }

  private update(service: string, observation: Observation | null) {
    const before = this.shown.get(service)?.status;
    if (!before || !observation) return;
    const nowMs = this.clock.now().wallMs;
    const status = nextStatus(before, observation, this.probeOf(service), nowMs);
    this.shown.set(service, { status, observation });
    if (before.state === status.state) return;
    const { state: to, reason } = status;
    const atMs = status.sinceMs ?? nowMs;
    this.events.emit('transition', { service, from: before.state, to, reason, atMs });
  }
}
