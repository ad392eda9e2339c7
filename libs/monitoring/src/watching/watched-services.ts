import type { EngineClient } from '../containers/engine-client.js';
import type { ServiceSelection } from '../containers/service-selection.js';
import type { Clock } from '../clock.js';
import type { MonitoringPlan } from '../plan/monitoring-plan.js';
import type { Observation } from '../segments/observation.js';
import { Inspector } from './inspector.js';

export interface WatchedServicesOptions {
  selection: ServiceSelection;
  engine: EngineClient;
  clock: Clock;
  plan: MonitoringPlan;
  /** Ends the watching. */
  signal: AbortSignal;
  /** The Engine did not say what there is. */
  onUnanswered: (error: unknown) => void;
  /** A service that is watched from now on. */
  onIncluded: (service: string) => void;
  onObserved: (service: string, observation: Observation, fault: Error | null) => void;
}

/** The services that exist or must exist, each with the questions that are asked about it. */
export class WatchedServices {
  private readonly inspectors = new Map<string, Inspector>();

  constructor(private readonly options: WatchedServicesOptions) {}

  /** Begins to watch a service, at once. */
  include(service: string): void {
    if (this.inspectors.has(service)) return;
    const { plan, engine, clock, signal, onIncluded, onObserved } = this.options;
    onIncluded(service);
    const inspector = new Inspector({
      service,
      policy: plan.identityFor(service),
      engine,
      clock,
      signal,
      onObserved: (observation, fault) => {
        onObserved(service, observation, fault);
      },
    });
    this.inspectors.set(service, inspector);
    void inspector.inspect();
  }

  exclude(service: string): void {
    this.inspectors.delete(service);
  }

  /** Resolves when a question that was asked after this call has been answered, or given up. */
  async inspect(service: string): Promise<void> {
    await this.inspectors.get(service)?.inspect();
  }

  /** Resolves when every service has been asked about after this call. */
  async inspectAll(): Promise<void> {
    await Promise.all([...this.inspectors.values()].map((inspector) => inspector.inspect()));
  }

  /** Includes what a glob stands for now. */
  async discover(): Promise<void> {
    const { selection, engine, onUnanswered } = this.options;
    if (selection.globs.length === 0) return;
    try {
      for (const name of await engine.listNames()) {
        if (selection.matchesGlob(name)) this.include(name);
      }
    } catch (error) {
      onUnanswered(error);
    }
  }
}
