import { Module } from '@nestjs/common';
import { SchedulesModule } from '../schedules/schedules.module.js';
import { EarningsReader } from './earnings.js';
import { FleetHistoryReader } from './fleet-history.js';
import { Histories } from './histories.js';
import { HistoryController } from './history.controller.js';
import { OrchestratorHistoryReader } from './orchestrator-history.js';
import { RollUp } from './roll-up.js';
import { RollUpSchedule } from './roll-up.schedule.js';

/** The past by minute, hour and day. */
@Module({
  imports: [SchedulesModule],
  controllers: [HistoryController],
  providers: [
    FleetHistoryReader,
    OrchestratorHistoryReader,
    EarningsReader,
    Histories,
    RollUp,
    RollUpSchedule,
  ],
  exports: [Histories],
})
export class HistoryModule {}
