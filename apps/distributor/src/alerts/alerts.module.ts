import { Alerts, AlertWatch, Notices, Outbox } from '#payments';
import { MetricsModule } from '#platform';
import { Database } from '#platform/database';
import { Module } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { AlertChannelsController } from '../rest/alert-channels.controller.js';
import { SilencesController } from '../rest/silences.controller.js';
import { SchedulesModule } from '../schedules/schedules.module.js';
import { AlertChannels } from './alert-channels.js';
import { DatabaseWatch } from './database-watch.js';
import { DeliverAlertsSchedule } from './deliver-alerts.schedule.js';
import { OutsideFactsReader } from './outside-facts.js';
import { RepeatAlertsSchedule } from './repeat-alerts.schedule.js';
import { TestAlert } from './test-alert.js';
import { WatchAlertsSchedule } from './watch-alerts.schedule.js';

/** What people should know: found, kept, and told through every channel that is configured. */
@Module({
  imports: [MetricsModule, SchedulesModule],
  controllers: [SilencesController, AlertChannelsController],
  providers: [
    {
      provide: AlertWatch,
      inject: [Database, Alerts, DISTRIBUTOR_CONFIG],
      useFactory: (database: Database, alerts: Alerts, config: DistributorConfig) =>
        new AlertWatch(database, alerts, config.alerts.settings),
    },
    {
      provide: Notices,
      inject: [Database, DISTRIBUTOR_CONFIG],
      useFactory: (database: Database, { alerts: { settings } }: DistributorConfig) =>
        new Notices(database, { recoveryHoldMs: settings.patienceMs, reminderMs: settings.reminderMs }),
    },
    { provide: Outbox, inject: [Database], useFactory: (database: Database) => new Outbox(database) },
    AlertChannels,
    OutsideFactsReader,
    WatchAlertsSchedule,
    DeliverAlertsSchedule,
    RepeatAlertsSchedule,
    DatabaseWatch,
    TestAlert,
  ],
  exports: [AlertChannels, Outbox, OutsideFactsReader, TestAlert],
})
export class AlertsModule {}
