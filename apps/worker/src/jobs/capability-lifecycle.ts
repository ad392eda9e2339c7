import { CapabilityRegistration } from '#livepeer';
import { FactLogger } from '#platform';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';

import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';
import { JobSlots } from './job-slots.js';

/** Running jobs take milliseconds; only a slow upload lasts. */
const drainLimitMs = 3_000;

/** Offers the capability while the worker listens, and withdraws it when the last job has been answered. */
@Injectable()
export class CapabilityLifecycle implements BeforeApplicationShutdown {
  private readonly log = new FactLogger('CapabilityLifecycle');

  constructor(
    private readonly registration: CapabilityRegistration,
    private readonly slots: JobSlots,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** To be called once the worker listens: a job may arrive right after the registration. */
  start(): void {
    if (!this.config.orchestrator) {
      this.log.info('BYOC registration disabled', { reason: 'ORCH_URL is not set' });
      return;
    }
    this.registration.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.slots.drain(drainLimitMs);
    await this.registration.stop();
  }
}
