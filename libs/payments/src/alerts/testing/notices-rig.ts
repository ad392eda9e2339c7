import { bookServices, openTestBooks, type TestBooks } from '../../../testing/test-books.js';
import type { AlertKey } from '../alert.js';
import type { Alerts } from '../alerts.js';
import { Notices, type NoticeSettings } from '../notices/notices.js';
import { Outbox } from '../notices/outbox.js';
import { Silences } from '../silences.js';

export const minute = 60_000;
export const settings: NoticeSettings = { recoveryHoldMs: minute, reminderMs: 60 * minute };

/** Books whose clock stands still, and what tells two channels, `a` and `b`, of their alerts. */
export class NoticesRig {
  /** Of an alert that no test before has met. */
  key: AlertKey = { kind: 'service_down', subject: 'orchestrator/0/service/redis' };
  nowMs = Date.parse('2026-11-22T12:00:00Z');
  readonly alerts: Alerts;
  readonly notices: Notices;
  readonly outbox: Outbox;
  readonly silences: Silences;
  private counter = 0;

  private constructor(readonly books: TestBooks) {
    const { alerts, audit } = bookServices(books.database);
    this.alerts = alerts;
    this.notices = new Notices(books.database, settings);
    this.outbox = new Outbox(books.database);
    this.silences = new Silences(books.database, audit);
  }

  static async open(): Promise<NoticesRig> {
    return new NoticesRig(await openTestBooks());
  }

  close(): Promise<void> {
    return this.books.close();
  }

  /** What other tests left behind has been told and is over. */
  async begin(): Promise<void> {
    await this.books.owner.query(
      'update payments.alert set resolved_at = coalesce(resolved_at, opened_at), recovery_told_at = now(), notified_at = now()',
    );
    await this.books.owner.query('delete from payments.alert_event');
    await this.later(7 * 86_400_000);
    this.counter += 1;
    this.key = { kind: 'service_down', subject: `orchestrator/${this.counter}/service/redis` };
  }

  async later(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.books.setClock(new Date(this.nowMs));
  }

  raise(text = 'down', ...at: readonly AlertKey[]): Promise<void> {
    return this.books.database.transaction(async (tx) => {
      for (const key of at.length === 0 ? [this.key] : at) await this.alerts.raise(tx, { ...key, text });
    });
  }

  resolve(at = this.key): Promise<void> {
    return this.books.database.transaction((tx) => this.alerts.resolve(tx, at));
  }

  /** What a channel is told now. */
  async told(channel = 'a'): Promise<string[]> {
    await this.notices.plan(['a', 'b']);
    const claimed = await this.outbox.claim(channel, 50);
    await this.outbox.delivered(
      channel,
      claimed.map(({ event }) => event.id),
    );
    return claimed.map(({ event }) => event.event);
  }
}
