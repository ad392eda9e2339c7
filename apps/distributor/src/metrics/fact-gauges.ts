import { FactLogger, MetricsRegistry } from '#platform';
import { Gauge } from 'prom-client';

export type Labelled = [labels: Record<string, string>, value: number];

/** Gauges that ask when Prometheus asks. What is not known now is absent, and does not hide the others. */
export class FactGauges<Facts> {
  private readonly log = new FactLogger('metrics');
  private saidFailure: string | undefined;

  constructor(
    private readonly registry: MetricsRegistry,
    private readonly read: () => Promise<Facts | undefined>,
  ) {}

  /** One value, or none while it is null. */
  one(name: string, help: string, value: (facts: Facts) => number | null): void {
    this.many(name, help, [], (facts) => {
      const number = value(facts);
      return number === null ? [] : [[{}, number]];
    });
  }

  many(name: string, help: string, labelNames: string[], values: (facts: Facts) => Labelled[]): void {
    const gauge = new Gauge({
      ...{ name, help, labelNames },
      registers: [this.registry],
      collect: async () => {
        gauge.reset();
        // Without labels a reset leaves a zero behind.
        if (labelNames.length === 0) gauge.remove();
        const facts = await this.facts();
        if (facts === undefined) return;
        for (const [labels, value] of values(facts)) gauge.set(labels, value);
      },
    });
  }

  private async facts(): Promise<Facts | undefined> {
    try {
      const facts = await this.read();
      this.saidFailure = undefined;
      return facts;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.saidFailure) this.log.warn('metrics not read', { error: failure });
      this.saidFailure = failure;
      return undefined;
    }
  }
}
