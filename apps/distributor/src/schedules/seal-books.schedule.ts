import { Sealing } from '#payments';
import { FactLogger } from '#platform';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from './books-opening.js';
import { Turn } from './turn.js';

/** Seals what was written to the books since the last minute, and brings the head of the chain into the log. */
@Injectable()
export class SealBooksSchedule implements OnModuleDestroy {
  private readonly log = new FactLogger('seals');
  private readonly turn = new Turn('sealing', async (signal) => {
    if (this.opening.isOpen) await this.seal(signal);
  });

  constructor(
    private readonly sealing: Sealing,
    private readonly opening: BooksOpening,
  ) {}

  @Interval(60_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }

  /** The log is kept elsewhere: who has a head from it can prove that the books were not rewritten since. */
  private async seal(signal: AbortSignal): Promise<void> {
    for (let more = true; more && !signal.aborted;) {
      const seal = await this.sealing.sealNext();
      if (!seal) return;
      const { sequence, rows, hash } = seal;
      this.log.info('books sealed', { sequence: sequence.toString(), rows: rows.toString(), head: hash });
      ({ more } = seal);
    }
  }
}
