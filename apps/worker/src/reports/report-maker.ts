import { Monitor, ReportSigner, type SignedReport, type WindowUptime, zeroBytes32 } from '#monitoring';
import type { Hex } from '#platform';
import { Inject, Injectable } from '@nestjs/common';

import type { TimeSpan } from '../uptime/window-query.js';
import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';

export interface MadeReport {
  window: WindowUptime;
  signed: SignedReport;
}

/** States under the worker's signature what the journal holds about a window. */
@Injectable()
export class ReportMaker {
  constructor(
    private readonly monitor: Monitor,
    private readonly signer: ReportSigner,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** @throws BeyondWatermarkError when the window is not settled yet */
  make({ fromMs, toMs }: TimeSpan, challenge: Hex = zeroBytes32): MadeReport {
    const window = this.monitor.window(fromMs, toMs);
    const signed = this.signer.sign({
      capability: this.config.offer.name,
      engineId: this.monitor.engine().id,
      fromMs: BigInt(window.fromMs),
      toMs: BigInt(window.toMs),
      services: window.services.map((service) => ({
        name: service.name,
        containerIds: service.containerIds,
        upMs: BigInt(service.upMs),
        inferredUpMs: BigInt(service.inferredUpMs),
        downMs: BigInt(service.downMs),
        startingMs: BigInt(service.startingMs),
        unknownMs: BigInt(service.unknownMs),
      })),
      allUpMs: BigInt(window.allUpMs),
      challenge,
      issuedAtMs: BigInt(Date.now()),
      previousMinuteHash: window.previousMinuteHash,
      minuteHash: window.minuteHash,
    });
    return { window, signed };
  }
}
