import { Alerts, payloadOf } from '#payments';
import { FactLogger } from '#platform';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BooksOpening } from '../schedules/books-opening.js';
import { Turn } from '../schedules/turn.js';
import { AlertChannels } from './alert-channels.js';
import { REPEAT_MS } from './channels/alertmanager.channel.js';

const MOST_REPEATED = 1_000;

/** Alertmanager forgets what is not repeated: every open alert that is not silenced, again and again. */
@Injectable()
export class RepeatAlertsSchedule implements OnModuleDestroy {
  private readonly log = new FactLogger('alerts');
  private readonly turn = new Turn('repeating of alerts', async () => {
    if (this.opening.isOpen) await this.repeat();
  });

  constructor(
    private readonly alerts: Alerts,
    private readonly channels: AlertChannels,
    private readonly opening: BooksOpening,
  ) {}

  @Interval(REPEAT_MS)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }

  private async repeat(): Promise<void> {
    const managers = this.channels.all.filter(({ type }) => type === 'alertmanager');
    if (managers.length === 0) return;
    const { items } = await this.alerts.list({ state: 'open', limit: MOST_REPEATED });
    const events = items
      .filter(({ silencedUntil, notifiedAt }) => silencedUntil === null && notifiedAt !== null)
      .map((alert) => ({
        id: alert.id,
        event: 'reminder' as const,
        at: alert.openedAt,
        alert: payloadOf(alert),
      }));
    for (const channel of managers) {
      for (let start = 0; start < events.length; start += channel.mostAtOnce) {
        const outcome = await this.channels.send(channel, events.slice(start, start + channel.mostAtOnce));
        if (!outcome.ok) {
          this.log.warn('alerts not repeated', { channel: channel.id, error: outcome.error });
          break;
        }
      }
    }
  }
}
