import { collectDefaultMetrics, Registry } from 'prom-client';

/** The Prometheus registry of the process; inject it to create metrics. */
export class MetricsRegistry extends Registry {
  constructor() {
    super();
    collectDefaultMetrics({ register: this });
  }
}
