import { Settler } from '#payments';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from './books-opening.js';
import { Turn } from './turn.js';

/** The tick of the settlement: what is payable, unsent or not final yet is asked of the database. */
@Injectable()
export class SettleBalancesSchedule implements OnModuleDestroy {
  private readonly turn = new Turn('settlement', async (signal) => {
    if (this.opening.isOpen) await this.settler.tick(signal);
  });

  constructor(
    private readonly settler: Settler,
    private readonly opening: BooksOpening,
  ) {}

  get outcome(): Turn['outcome'] {
    return this.turn.outcome;
  }

  @Interval(1_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }
}
