import { CapabilityRegistration } from '#livepeer';
import { Monitor, ReportSigner } from '#monitoring';
import { HealthModule, MetricsController, MetricsModule } from '#platform';
import { type DynamicModule, Global, Module } from '@nestjs/common';

import { EventsController } from './events/events.controller.js';
import { StateEvents } from './events/state-events.js';
import { AgentNetController } from './jobs/agent-net.controller.js';
import { CapabilityLifecycle } from './jobs/capability-lifecycle.js';
import { JobRequests } from './jobs/job-requests.js';
import { JobSlots } from './jobs/job-slots.js';
import { MonitorLifecycle } from './operations/monitor-lifecycle.js';
import { workerHealth } from './operations/worker-health.js';
import { WorkerMetrics } from './operations/worker-metrics.js';
import { ReportMaker } from './reports/report-maker.js';
import { ReportsController } from './reports/reports.controller.js';
import { UptimeController } from './uptime/uptime.controller.js';
import { WORKER_CONFIG, type WorkerConfig } from './worker.config.js';

export interface WorkerParts {
  config: WorkerConfig;
  signer: ReportSigner;
}

/** What the routes and the health checks share. */
@Global()
@Module({})
class WatchModule {
  static of({ config, signer }: WorkerParts): DynamicModule {
    const monitor = new Monitor({
      services: config.services,
      dataDir: config.dataDir,
      retentionDays: config.journalRetentionDays,
      plan: config.monitoringPlan,
      ...(config.dockerHost !== undefined && { dockerHost: config.dockerHost }),
    });
    const slots = new JobSlots(config.offer.capacity);
    const registration = new CapabilityRegistration({
      orchestratorUrl: config.orchestrator?.url,
      secret: config.orchestrator?.secret ?? '',
      offer: config.offer,
      isIdle: () => slots.running === 0,
      heartbeatMs: config.heartbeatMs,
    });
    const shared = [
      { provide: WORKER_CONFIG, useValue: config },
      { provide: ReportSigner, useValue: signer },
      { provide: Monitor, useValue: monitor },
      { provide: JobSlots, useValue: slots },
      { provide: CapabilityRegistration, useValue: registration },
    ];
    return {
      module: WatchModule,
      providers: [...shared, MonitorLifecycle],
      exports: shared.map(({ provide }) => provide),
    };
  }
}

@Module({})
export class WorkerModule {
  static of(parts: WorkerParts): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        WatchModule.of(parts),
        MetricsModule,
        HealthModule.register({ inject: [Monitor, CapabilityRegistration], useFactory: workerHealth }),
      ],
      controllers: [
        AgentNetController,
        UptimeController,
        ReportsController,
        EventsController,
        MetricsController,
      ],
      providers: [ReportMaker, WorkerMetrics, JobRequests, CapabilityLifecycle, StateEvents],
    };
  }
}
