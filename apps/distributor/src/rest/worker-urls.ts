import { RuleError } from '#payments';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { AddressGuard, ForbiddenAddressError } from '../evidence/address-guard.js';

/** Refuses what nobody may make the distributor ask, when it is written and not only when it is asked. */
@Injectable()
export class WorkerUrls {
  private readonly guard: AddressGuard;

  constructor(@Inject(DISTRIBUTOR_CONFIG) { evidence }: DistributorConfig) {
    this.guard = new AddressGuard({ allowLoopback: evidence.allowLoopbackWorkers });
  }

  /** @throws RuleError */
  async check(url: string | null | undefined): Promise<void> {
    if (url === undefined || url === null) return;
    try {
      await this.guard.checkUrl(url);
    } catch (error) {
      if (!(error instanceof ForbiddenAddressError)) throw error;
      throw new RuleError(`must not lead there: ${error.message}`, 'worker_url');
    }
  }
}
