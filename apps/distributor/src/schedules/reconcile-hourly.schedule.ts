import { ReconciliationRuns } from '#payments';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from './books-opening.js';
import { Turn } from './turn.js';

/** The tick of the reconciliation: whether the hour is over is asked of the database, which all replicas share. */
@Injectable()
export class ReconcileHourlySchedule implements OnModuleDestroy {
  private readonly turn = new Turn('reconciliation', async (signal) => {
    if (this.opening.isOpen) await this.runs.runWhenDue(signal);
  });

  constructor(
    private readonly runs: ReconciliationRuns,
    private readonly opening: BooksOpening,
  ) {}

  @Interval(30_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }
}
