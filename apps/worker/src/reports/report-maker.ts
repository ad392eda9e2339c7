import {
  Monitor,
  ReportSigner,
  type ServiceUptime,
  servicesHash,
  type SignedReport,
  type WindowUptime,
  zeroBytes32,
} from '#monitoring';
import type { Hex } from '#platform';
import { Inject, Injectable } from '@nestjs/common';

import type { TimeSpan } from '../uptime/window-query.js';
import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';

export interface MadeReport {
  window: WindowUptime;
  signed: SignedReport;
}

/** What all reports about one window share. */
interface Prepared {
  services: ServiceUptime[];
  hashOfServices: Uint8Array;
  /** The last report that nobody gave a challenge for. */
  unchallenged?: MadeReport;
}

/** A report that answers no challenge is handed out again for so long; nobody asked for a fresher one. */
const reusedForMs = 1_000;

/** States under the worker's signature what the journal holds about a window. */
@Injectable()
export class ReportMaker {
  /** By the window itself, which the monitor hands out again while it remembers its answer. */
  private readonly prepared = new WeakMap<WindowUptime, Prepared>();

  constructor(
    private readonly monitor: Monitor,
    private readonly signer: ReportSigner,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** @throws BeyondWatermarkError when the window is not settled yet */
  make({ fromMs, toMs }: TimeSpan, challenge: Hex = zeroBytes32): MadeReport {
    const window = this.monitor.window(fromMs, toMs);
    const prepared = this.prepare(window);
    if (challenge !== zeroBytes32) return this.sign(window, prepared, challenge);
    const { unchallenged } = prepared;
    if (unchallenged && this.isFresh(unchallenged.signed)) return unchallenged;
    return (prepared.unchallenged = this.sign(window, prepared, challenge));
  }

  private isFresh({ report }: SignedReport): boolean {
    const ageMs = Date.now() - Number(report.issuedAtMs);
    return ageMs >= 0 && ageMs < reusedForMs && report.engineId === this.monitor.engine().id;
  }

  private prepare(window: WindowUptime): Prepared {
    const known = this.prepared.get(window);
    if (known) return known;
    const services = window.services.map((service) => ({
      name: service.name,
      containerIds: service.containerIds,
      upMs: BigInt(service.upMs),
      inferredUpMs: BigInt(service.inferredUpMs),
      downMs: BigInt(service.downMs),
      startingMs: BigInt(service.startingMs),
      unknownMs: BigInt(service.unknownMs),
    }));
    const prepared = { services, hashOfServices: servicesHash(services) };
    this.prepared.set(window, prepared);
    return prepared;
  }

  private sign(window: WindowUptime, { services, hashOfServices }: Prepared, challenge: Hex): MadeReport {
    const signed = this.signer.sign(
      {
        capability: this.config.offer.name,
        engineId: this.monitor.engine().id,
        fromMs: BigInt(window.fromMs),
        toMs: BigInt(window.toMs),
        services,
        allUpMs: BigInt(window.allUpMs),
        challenge,
        issuedAtMs: BigInt(Date.now()),
        previousMinuteHash: window.previousMinuteHash,
        minuteHash: window.minuteHash,
      },
      hashOfServices,
    );
    return { window, signed };
  }
}
