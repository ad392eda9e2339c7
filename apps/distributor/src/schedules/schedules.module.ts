import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { AssessPeriodsSchedule } from './assess-periods.schedule.js';
import { BooksOpening } from './books-opening.js';
import { SettleBalancesSchedule } from './settle-balances.schedule.js';

/** When: opens the books, then starts the two turns every second. */
@Module({
  imports: [ScheduleModule.forRoot(), EvidenceModule],
  providers: [BooksOpening, AssessPeriodsSchedule, SettleBalancesSchedule],
  exports: [BooksOpening, AssessPeriodsSchedule, SettleBalancesSchedule],
})
export class SchedulesModule {}
