import { MetricsModule } from '#platform';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SchedulesModule } from '../schedules/schedules.module.js';
import { BooksMetrics } from './books.metrics.js';
import { MetricsGuard } from './metrics.guard.js';

@Module({
  imports: [MetricsModule, SchedulesModule],
  providers: [BooksMetrics, { provide: APP_GUARD, useClass: MetricsGuard }],
})
export class DistributorMetricsModule {}
