import { type AlertEvent, type AlertEventName, Alerts, traitsOf } from '#payments';
import { FactLogger } from '#platform';
import { Database } from '#platform/database';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { BooksOpening } from '../schedules/books-opening.js';
import { Turn } from '../schedules/turn.js';
import { AlertChannels } from './alert-channels.js';
import { DirectNotices } from './direct-notices.js';
import { initialOutage, nextOutage, type Outage } from './outage-state.js';

/**
 * The one trouble that the books cannot remember: that they are away. Kept in this process, told past the outbox, and
 * written down when the database is back. Each replica tells of its own way to the database.
 */
@Injectable()
export class DatabaseWatch implements OnModuleDestroy {
  private readonly log = new FactLogger('alerts');
  private readonly subject = `distributor/${hostname()}`;
  private readonly direct: DirectNotices;
  private outage: Outage = initialOutage;
  private alertId = '';
  private text = '';
  private readonly turn = new Turn('watching the database', () => this.look());

  constructor(
    private readonly database: Database,
    private readonly alerts: Alerts,
    private readonly opening: BooksOpening,
    channels: AlertChannels,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {
    this.direct = new DirectNotices(channels);
  }

  @Interval(1_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await this.turn.drain();
  }

  private async look(): Promise<void> {
    const failure = await this.failure();
    const { patienceMs } = this.config.alerts.settings;
    const next = nextOutage(this.outage, { isAway: failure !== undefined, nowMs: Date.now(), patienceMs });
    this.outage = next.outage;
    if (next.event === 'opened') {
      this.alertId = randomUUID();
      this.text = `The database does not answer, so nothing is judged and nothing is paid: ${failure ?? ''}`;
      this.log.warn('alert opened', {
        kind: 'database_unavailable',
        subject: this.subject,
        text: this.text,
      });
      this.direct.add(this.event('opened', next.outage.sinceMs, null));
    } else if (next.event === 'resolved') {
      this.log.info('alert resolved', { kind: 'database_unavailable', subject: this.subject });
      this.direct.add(this.event('resolved', next.openedMs, next.outage.sinceMs));
      await this.writeDown(next.openedMs, next.outage.sinceMs);
    }
    await this.direct.send();
  }

  private async failure(): Promise<string | undefined> {
    try {
      await this.database.ping();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async writeDown(openedMs: number, resolvedMs: number): Promise<void> {
    if (!this.opening.isOpen) return;
    try {
      const { subject, text, alertId: id } = this;
      const past = { id, subject, text, openedAt: new Date(openedMs), resolvedAt: new Date(resolvedMs) };
      await this.database.transaction((tx) =>
        this.alerts.writeDown(tx, { kind: 'database_unavailable', ...past }),
      );
    } catch (error) {
      this.log.error('outage not written down', error);
    }
  }

  private event(event: AlertEventName, openedMs: number, resolvedMs: number | null): AlertEvent {
    const kind = 'database_unavailable';
    return {
      id: randomUUID(),
      event,
      at: new Date(),
      alert: {
        ...{ id: this.alertId, kind, subject: this.subject, ...traitsOf(kind), text: this.text, details: {} },
        opened_at: new Date(openedMs).toISOString(),
        resolved_at: resolvedMs === null ? null : new Date(resolvedMs).toISOString(),
        ...{ closed_by: null, closed_reason: null },
      },
    };
  }
}
