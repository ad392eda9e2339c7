import { Assessments, Balances } from '#payments';
import { FactLogger, MetricsRegistry } from '#platform';
import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { BooksOpening } from '../schedules/books-opening.js';

const microPerUsd = 1_000_000;

/** Facts of the books, read when Prometheus asks. Gauges are floats: for looking, never for counting money. */
@Injectable()
export class BooksMetrics {
  private readonly log = new FactLogger('metrics');

  constructor(
    registry: MetricsRegistry,
    private readonly opening: BooksOpening,
    assessments: Assessments,
    balances: Balances,
    @Inject(DISTRIBUTOR_CONFIG) config: DistributorConfig,
  ) {
    const lastPeriod = new Gauge({
      name: 'distributor_last_period_end_timestamp_seconds',
      help: 'End of the newest period that was decided.',
      registers: [registry],
      collect: () =>
        this.reading(async () => {
          const end = await assessments.lastPeriodEnd();
          if (end !== null) lastPeriod.set(end.getTime() / 1_000);
        }),
    });
    if (config.metrics.token === undefined) return;
    const owed = new Gauge({
      name: 'distributor_balance_usd',
      help: 'Where the money of an orchestrator is.',
      labelNames: ['orchestrator_id', 'place'],
      registers: [registry],
      collect: () =>
        this.reading(async () => {
          owed.reset();
          for (const balance of await balances.list()) {
            const id = balance.orchestratorId;
            owed.set(
              { orchestrator_id: id, place: 'payable' },
              Number(balance.payableMicroUsd) / microPerUsd,
            );
            owed.set(
              { orchestrator_id: id, place: 'in_settlement' },
              Number(balance.inSettlementMicroUsd) / microPerUsd,
            );
            owed.set({ orchestrator_id: id, place: 'paid' }, Number(balance.paidMicroUsd) / microPerUsd);
          }
        }),
    });
  }

  /** One fact that cannot be read must not hide the others. */
  private async reading(read: () => Promise<void>): Promise<void> {
    if (!this.opening.isOpen) return;
    try {
      await read();
    } catch (error) {
      this.log.warn('metric not read', { error: error instanceof Error ? error.message : String(error) });
    }
  }
}
