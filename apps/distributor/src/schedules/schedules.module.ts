import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { AssessPeriodsSchedule } from './assess-periods.schedule.js';
import { BooksOpening } from './books-opening.js';
import { ReconcileHourlySchedule } from './reconcile-hourly.schedule.js';
import { SealBooksSchedule } from './seal-books.schedule.js';
import { SettleBalancesSchedule } from './settle-balances.schedule.js';

/** When: opens the books, then starts the turns: two every second, the sealing every minute. */
@Module({
  imports: [ScheduleModule.forRoot(), EvidenceModule],
  providers: [
    BooksOpening,
    AssessPeriodsSchedule,
    SettleBalancesSchedule,
    SealBooksSchedule,
    ReconcileHourlySchedule,
  ],
  exports: [BooksOpening, AssessPeriodsSchedule, SettleBalancesSchedule],
})
export class SchedulesModule {}
