import { Assessments, BooksModule, SettlementModule, Settler } from '#payments';
import { HealthModule } from '#platform';
import { Database } from '#platform/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { AlertsModule } from './alerts/alerts.module.js';
import { AuthModule } from './auth/auth.module.js';
import { booksOptionsOf, settlementOptionsOf } from './books-options.js';
import { ConfigurationModule, DISTRIBUTOR_CONFIG } from './configuration.module.js';
import { distributorDatabase } from './database.module.js';
import type { DistributorConfig } from './distributor.config.js';
import { distributorHealthChecks } from './health/health-checks.js';
import { HistoryModule } from './history/history.module.js';
import { LiveModule } from './live/live.module.js';
import { DistributorMetricsModule } from './metrics/distributor-metrics.module.js';
import { PayeeModule } from './payee/payee.module.js';
import { RestModule } from './rest/rest.module.js';
import { AssessPeriodsSchedule } from './schedules/assess-periods.schedule.js';
import { BooksOpening } from './schedules/books-opening.js';
import { SchedulesModule } from './schedules/schedules.module.js';
import { SettleBalancesSchedule } from './schedules/settle-balances.schedule.js';
import { StatusModule } from './status/status.module.js';
import { TreasuryModule } from './treasury/treasury.module.js';

/** Which rooms the payer's process opens. */
@Module({})
export class DistributorModule {
  static of(config: DistributorConfig): DynamicModule {
    return {
      module: DistributorModule,
      imports: [
        ConfigurationModule.of(config),
        distributorDatabase(),
        BooksModule.forRoot(booksOptionsOf(config)),
        SettlementModule.forRootAsync({
          inject: [DISTRIBUTOR_CONFIG],
          useFactory: settlementOptionsOf,
        }),
        SchedulesModule,
        AuthModule,
        RestModule,
        StatusModule,
        HistoryModule,
        LiveModule,
        PayeeModule,
        TreasuryModule,
        AlertsModule,
        DistributorMetricsModule,
        HealthModule.register({
          imports: [SchedulesModule],
          inject: [
            ...[DISTRIBUTOR_CONFIG, Database, BooksOpening, AssessPeriodsSchedule, Assessments, Settler],
            SettleBalancesSchedule,
          ],
          useFactory: distributorHealthChecks,
        }),
      ],
    };
  }
}
