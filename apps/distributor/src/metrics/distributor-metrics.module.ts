import { MetricsModule } from '#platform';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AlertsModule } from '../alerts/alerts.module.js';
import { SchedulesModule } from '../schedules/schedules.module.js';
import { StatusModule } from '../status/status.module.js';
import { BooksMetrics } from './books.metrics.js';
import { GuardedMetricsController } from './guarded-metrics.controller.js';
import { HttpMetrics } from './http.metrics.js';
import { MetricsGuard } from './metrics.guard.js';
import { ProcessMetrics } from './process.metrics.js';

@Module({
  imports: [MetricsModule, SchedulesModule, AlertsModule, StatusModule],
  controllers: [GuardedMetricsController],
  providers: [BooksMetrics, ProcessMetrics, HttpMetrics, { provide: APP_GUARD, useClass: MetricsGuard }],
})
export class DistributorMetricsModule {}
