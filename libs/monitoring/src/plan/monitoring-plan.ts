import { ServiceSelection } from '../containers/service-selection.js';
import type { IdentityPolicy } from '../identity/identity-policy.js';
import { type ProbeSettings, type ProbeTarget, secretsOf } from '../probes/probe-settings.js';

/** What is asked of the services that a name or a glob stands for. */
export interface ServicePlan {
  services: string;
  probe: ProbeSettings | null;
  identity: IdentityPolicy | null;
}

/** Stands for the container's name in a host or an address, so that a glob can be asked. */
export const servicePlaceholder = '{service}';

function targetOf(target: ProbeTarget, service: string): ProbeTarget {
  const fill = (text: string) => text.replaceAll(servicePlaceholder, service);
  return 'url' in target ? { ...target, url: fill(target.url) } : { ...target, host: fill(target.host) };
}

/** What must be true of services besides that they run. */
export class MonitoringPlan {
  private readonly plans: readonly { plan: ServicePlan; selection: ServiceSelection }[];

  /** @throws InvalidServiceNameError */
  constructor(plans: readonly ServicePlan[]) {
    this.plans = plans.map((plan) => ({ plan, selection: new ServiceSelection([plan.services]) }));
  }

  probeFor(service: string): ProbeSettings | null {
    const probe = this.planFor(service)?.probe ?? null;
    return probe && { ...probe, target: targetOf(probe.target, service) };
  }

  identityFor(service: string): IdentityPolicy | null {
    return this.planFor(service)?.identity ?? null;
  }

  /** What must never be printed. */
  get secrets(): string[] {
    return this.plans.flatMap(({ plan }) => (plan.probe ? secretsOf(plan.probe.target) : []));
  }

  /** An exact name before a glob, an earlier glob before a later one. */
  private planFor(service: string): ServicePlan | undefined {
    const exact = this.plans.find(({ plan }) => plan.services === service);
    return (exact ?? this.plans.find(({ selection }) => selection.matchesGlob(service)))?.plan;
  }
}
