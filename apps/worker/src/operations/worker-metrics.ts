import { CapabilityRegistration } from '#livepeer';
import { Monitor } from '#monitoring';
import { MetricsRegistry } from '#platform';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';

const states = ['up', 'down', 'starting', 'unknown'] as const;
const registrationStates = ['disabled', 'registering', 'registered', 'failing', 'stopped'] as const;

/** What the worker tells Prometheus; states are asked for when they are scraped. */
@Injectable()
export class WorkerMetrics {
  readonly jobs: Counter<'outcome'>;
  readonly jobSeconds: Histogram;

  constructor(registry: MetricsRegistry, monitor: Monitor, registration: CapabilityRegistration) {
    const registers = [registry];
    this.jobs = new Counter({
      name: 'worker_jobs_total',
      help: 'BYOC jobs by how they ended: success, invalid, not_settled, refused, unauthorized, late, aborted, failed',
      labelNames: ['outcome'],
      registers,
    });
    this.jobSeconds = new Histogram({
      name: 'worker_job_duration_seconds',
      help: 'From the headers of a job to the end of its answer',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    new Gauge({
      name: 'worker_service_state',
      help: '1 for the state in which a service is now',
      labelNames: ['service', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { name, state } of monitor.statuses()) {
          for (const each of states) this.set({ service: name, state: each }, each === state ? 1 : 0);
        }
      },
    });
    this.countProbes(registers, monitor);
    new Gauge({
      name: 'worker_watermark_age_seconds',
      help: 'How far the time up to which nothing can change lies behind now',
      registers,
      collect() {
        this.set((Date.now() - monitor.watermarkMs()) / 1_000);
      },
    });
    new Gauge({
      name: 'worker_engine_watched',
      help: '1 while the Docker Engine is watched',
      registers,
      collect() {
        this.set(monitor.engine().watched ? 1 : 0);
      },
    });
    new Gauge({
      name: 'worker_journal_writable',
      help: '1 while the journal can be written',
      registers,
      collect() {
        this.set(monitor.journal().writable ? 1 : 0);
      },
    });
    new Gauge({
      name: 'worker_registration_state',
      help: '1 for the state of the registration with the orchestrator',
      labelNames: ['state'],
      registers,
      collect() {
        const { status } = registration.state();
        for (const each of registrationStates) this.set({ state: each }, each === status ? 1 : 0);
      },
    });
    this.countRegistrations(registers, registration);
  }

  private countRegistrations(registers: MetricsRegistry[], registration: CapabilityRegistration) {
    new Gauge({
      name: 'worker_registration_age_seconds',
      help: 'Since the orchestrator last confirmed the registration; NaN before the first. Above 45: it is lost',
      registers,
      collect() {
        const { registeredAtMs } = registration.state();
        this.set(registeredAtMs === null ? Number.NaN : (Date.now() - registeredAtMs) / 1_000);
      },
    });
    new Counter({
      name: 'worker_registrations_total',
      help: 'Attempts to register the capability: confirmed, failed',
      labelNames: ['outcome'],
      registers,
      collect() {
        const { confirmed, failed } = registration.state();
        this.reset();
        this.inc({ outcome: 'confirmed' }, confirmed);
        this.inc({ outcome: 'failed' }, failed);
      },
    });
  }

  private countProbes(registers: MetricsRegistry[], monitor: Monitor) {
    const results = new Counter({
      name: 'worker_probe_results_total',
      help: 'Results of the probes of a service: passed, failed, timed out',
      labelNames: ['service', 'outcome'],
      registers,
    });
    const seconds = new Histogram({
      name: 'worker_probe_duration_seconds',
      help: 'How long a service took to do what its probe asks',
      labelNames: ['service'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3, 8],
      registers,
    });
    monitor.on('probed', ({ service, outcome, latencyMs }) => {
      results.inc({ service, outcome });
      seconds.observe({ service }, latencyMs / 1_000);
    });
    new Gauge({
      name: 'worker_probe_passing',
      help: '1 while the probe of a service passes',
      labelNames: ['service'],
      registers,
      collect() {
        this.reset();
        for (const { name, probe } of monitor.statuses()) {
          if (probe) this.set({ service: name }, probe.state === 'passing' ? 1 : 0);
        }
      },
    });
  }
}
