import { EventEmitter } from 'node:events';

import type { FactLogger } from '#platform';

import type { Transition } from './service-status.js';
import type { ProbeOutcome } from '../segments/probe-result.js';

/** One result of a probe, for those who count. */
export interface Probed {
  service: string;
  outcome: ProbeOutcome['kind'];
  latencyMs: number;
}

/** What happens, as it happens. */
export interface MonitorEventMap {
  transition: [Transition];
  probed: [Probed];
}

/** Tells listeners; one that throws does the monitor no harm. */
export class MonitorEvents {
  private readonly emitter = new EventEmitter();

  constructor(private readonly log: FactLogger) {}

  emit<E extends keyof MonitorEventMap>(event: E, ...happened: MonitorEventMap[E]): void {
    try {
      this.emitter.emit(event, ...happened);
    } catch (error) {
      this.log.error('listener failed', error, { event });
    }
  }

  on<E extends keyof MonitorEventMap>(event: E, listener: (...happened: MonitorEventMap[E]) => void): void {
    this.emitter.on(event, listener as (...happened: unknown[]) => void);
  }

  off<E extends keyof MonitorEventMap>(event: E, listener: (...happened: MonitorEventMap[E]) => void): void {
    this.emitter.off(event, listener as (...happened: unknown[]) => void);
  }
}
