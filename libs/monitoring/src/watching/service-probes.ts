import type { MonitoringPlan } from '../plan/monitoring-plan.js';
import type { Clock } from '../clock.js';
import type { ProbeView } from '../answers/service-status.js';
import { createProbe, probeRules, type ProbeSettings } from '../probes/probe-settings.js';
import { Prober, type SeenRun } from '../probes/prober.js';
import { Slots } from '../probes/slots.js';
import type { Observation } from '../segments/observation.js';
import { type ProbeResult, type RunKey, runKeyOf } from '../segments/probe-result.js';

/** Questions under way at once: more than that many hung services, and they would delay the others. */
const maxAtOnce = 32;

export interface MonitorProbesOptions {
  plan: MonitoringPlan;
  clock: Clock;
  onAsked: (service: string, run: RunKey, askedMs: number) => void;
  onAnswered: (service: string, run: RunKey, result: ProbeResult | null) => void;
}

/** The run that may be asked. A container that is not what it must be is not told any password. */
function runOf({ finding }: Observation): SeenRun | null {
  if (finding.kind !== 'container') return null;
  const { status, paused, restarting, mismatch, startedAtMs } = finding.container;
  if (!['running', 'paused'].includes(status) || restarting || mismatch !== null) return null;
  return { key: runKeyOf(finding.container), startedAtMs, paused: paused || status === 'paused' };
}

/** Asks every service that has a probe, each for itself. */
export class MonitorProbes {
  private readonly probers = new Map<string, { prober: Prober; settings: ProbeSettings }>();
  private readonly slots = new Slots(maxAtOnce);

  constructor(private readonly options: MonitorProbesOptions) {}

  include(service: string): void {
    const settings = this.options.plan.probeFor(service);
    if (!settings || this.probers.has(service)) return;
    const { clock, onAsked, onAnswered } = this.options;
    const prober = new Prober({
      probe: createProbe(settings.target),
      settings,
      slots: this.slots,
      clock,
      onAsked: (run, askedMs) => {
        onAsked(service, run, askedMs);
      },
      onAnswered: (run, result) => {
        onAnswered(service, run, result);
      },
    });
    this.probers.set(service, { prober, settings });
  }

  exclude(service: string): void {
    this.probers.get(service)?.prober.stop();
    this.probers.delete(service);
  }

  observed(service: string, observation: Observation): void {
    if (observation.finding.kind === 'unanswered') return;
    this.probers.get(service)?.prober.see(runOf(observation));
  }

  /** Null for a service without a probe. */
  view(service: string): ProbeView | null {
    const known = this.probers.get(service);
    if (!known) return null;
    const { prober, settings } = known;
    return { type: settings.target.type, condition: prober.condition, rules: probeRules(settings) };
  }

  stop(): void {
    for (const { prober } of this.probers.values()) prober.stop();
  }
}
