import { GatewayClient } from '#livepeer';
import { EvidenceJobs, type EvidenceSource } from '#payments';
import { MetricsModule, MetricsRegistry } from '#platform';
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { AddressGuard } from './address-guard.js';
import { GatewayEvidence } from './gateway-evidence.js';
import { measured } from './measured-evidence.js';
import { WorkerEvidence } from './worker-evidence.js';

export const EVIDENCE_SOURCE = Symbol('EVIDENCE_SOURCE');
const CONNECTIONS = Symbol('evidence connections');

interface Connections {
  source: EvidenceSource;
  close(): Promise<void>;
}

function connect({ evidence }: DistributorConfig, jobs: EvidenceJobs): Connections {
  if (evidence.source === 'gateway' && evidence.gatewayUrl !== undefined) {
    const network = new GatewayClient({ gatewayUrl: evidence.gatewayUrl });
    const record = jobs.record.bind(jobs);
    const source = new GatewayEvidence({ network, capability: evidence.capability, record });
    return { source, close: () => network.close() };
  }
  const guard = new AddressGuard({ allowLoopback: evidence.allowLoopbackWorkers });
  const worker = new WorkerEvidence({ timeoutMs: evidence.attemptTimeoutMs, guard });
  return { source: worker, close: () => worker.close() };
}

/** Where reports come from: the workers themselves, or BYOC jobs through the gateway. */
@Module({
  imports: [MetricsModule],
  providers: [
    { provide: CONNECTIONS, inject: [DISTRIBUTOR_CONFIG, EvidenceJobs], useFactory: connect },
    {
      provide: EVIDENCE_SOURCE,
      inject: [CONNECTIONS, MetricsRegistry],
      useFactory: ({ source }: Connections, registry: MetricsRegistry): EvidenceSource =>
        measured(source, registry),
    },
  ],
  exports: [EVIDENCE_SOURCE],
})
export class EvidenceModule implements OnApplicationShutdown {
  constructor(@Inject(CONNECTIONS) private readonly connections: Connections) {}

  async onApplicationShutdown(): Promise<void> {
    await this.connections.close();
  }
}
