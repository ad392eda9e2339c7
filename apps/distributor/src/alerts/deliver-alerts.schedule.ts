import { Notices, Outbox } from '#payments';
import { delay, exponentialBackoff, FactLogger } from '#platform';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from '../schedules/books-opening.js';
import { Turn } from '../schedules/turn.js';
import { AlertChannels } from './alert-channels.js';
import type { Channel } from './channels/channel.js';

const RECORD_ATTEMPTS = 4;

/** Brings what people should know from the alerts into the outbox, and from there to each channel by itself. */
@Injectable()
export class DeliverAlertsSchedule implements OnModuleDestroy {
  private readonly log = new FactLogger('alerts');
  private readonly planning = new Turn('telling of alerts', async () => {
    if (this.opening.isOpen) await this.notices.plan(this.channels.ids);
  });
  private readonly sweeping = new Turn('sweeping of alerts', async () => {
    if (this.opening.isOpen) await this.sweep();
  });
  /** A channel that hangs keeps no other one waiting. */
  private readonly sending: Turn[];

  constructor(
    private readonly channels: AlertChannels,
    private readonly notices: Notices,
    private readonly outbox: Outbox,
    private readonly opening: BooksOpening,
  ) {
    this.sending = channels.all.map(
      (channel) =>
        new Turn(`alerts to ${channel.id}`, async (signal) => {
          if (this.opening.isOpen) await this.deliver(channel, signal);
        }),
    );
  }

  @Interval(1_000)
  async tick(): Promise<void> {
    await this.planning.tick();
    await Promise.all(this.sending.map((turn) => turn.tick()));
  }

  @Interval(3_600_000)
  async tickSweep(): Promise<void> {
    await this.sweeping.tick();
  }

  /** What is under way is recorded before the process ends, or it would be told twice. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.planning, this.sweeping, ...this.sending].map((turn) => turn.drain()));
  }

  private async deliver(channel: Channel, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const claimed = await this.outbox.claim(channel.id, channel.mostAtOnce);
      if (claimed.length === 0) return;
      const ids = claimed.map(({ event }) => event.id);
      const outcome = await this.channels.send(
        channel,
        claimed.map(({ event }) => event),
      );
      if (outcome.ok) {
        await this.record(() => this.outbox.delivered(channel.id, ids));
        continue;
      }
      const givenUp = await this.outbox.failed(channel.id, ids, outcome);
      const attempts = Math.max(...claimed.map((each) => each.attempts));
      this.log.warn('alerts not delivered', {
        channel: channel.id,
        error: outcome.error,
        eventIds: ids,
        attempts,
      });
      if (givenUp.length > 0)
        this.log.error('alerts given up', undefined, { channel: channel.id, eventIds: givenUp });
      return;
    }
  }

  /** What was taken and is not recorded would be told again: worth a few attempts, within the claim's time. */
  private async record(write: () => Promise<void>): Promise<void> {
    const backoff = exponentialBackoff({ minMs: 500, maxMs: 4_000 });
    for (let left = RECORD_ATTEMPTS; ; left -= 1) {
      try {
        await write();
        return;
      } catch (error) {
        if (left <= 1) throw error;
        await delay(backoff.next());
      }
    }
  }

  private async sweep(): Promise<void> {
    const abandoned = await this.outbox.sweep();
    if (abandoned > 0)
      this.log.error('alerts given up', undefined, { reason: 'their channel is gone', count: abandoned });
  }
}
