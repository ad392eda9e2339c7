import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from '../schedules/books-opening.js';
import { Turn } from '../schedules/turn.js';
import { RollUp } from './roll-up.js';

/** Brings the sums of hours and days up to what was decided; after a long pause, batch by batch until they are. */
@Injectable()
export class RollUpSchedule implements OnModuleDestroy {
  private readonly turn = new Turn('history', async (signal) => {
    if (!this.opening.isOpen) return;
    for (let more = true; more && !signal.aborted;) ({ more } = await this.rollUp.next());
  });

  constructor(
    private readonly rollUp: RollUp,
    private readonly opening: BooksOpening,
  ) {}

  @Interval(2_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }
}
