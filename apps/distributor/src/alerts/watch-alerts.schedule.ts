import { AlertWatch } from '#payments';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { BooksOpening } from '../schedules/books-opening.js';
import { Turn } from '../schedules/turn.js';
import { OutsideFactsReader } from './outside-facts.js';

/** Often enough to be told within a fraction of a period, seldom enough to cost nothing. */
const lookEveryMs = (periodSeconds: number): number => Math.min(15_000, periodSeconds * 250);

/** When: the rules of the alerts look at the books. */
@Injectable()
export class WatchAlertsSchedule implements OnModuleDestroy {
  private nextLookMs = -Infinity;
  private readonly turn = new Turn('alerts', async (signal) => {
    if (!this.opening.isOpen || performance.now() < this.nextLookMs) return;
    this.nextLookMs = performance.now() + lookEveryMs(this.config.pay.periodSeconds);
    await this.watch.look(await this.outside.read(signal));
  });

  constructor(
    private readonly watch: AlertWatch,
    private readonly outside: OutsideFactsReader,
    private readonly opening: BooksOpening,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Interval(1_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }
}
