import { expect } from '@jest/globals';
import type { AlertKind } from '#payments';
import { AssessPeriodsSchedule } from '../../schedules/assess-periods.schedule.js';
import { SettleBalancesSchedule } from '../../schedules/settle-balances.schedule.js';
import { type AlertReceivers, type Received, startAlertReceivers } from '../../testing/alert-receivers.js';
import { page } from '../../testing/rest-rig.js';
import {
  type Answer,
  type RunningDistributor,
  startDistributor,
  until,
} from '../../testing/running-distributor.js';
import { DatabaseWatch } from '../database-watch.js';
import { DeliverAlertsSchedule } from '../deliver-alerts.schedule.js';
import { WatchAlertsSchedule } from '../watch-alerts.schedule.js';

export const channelTypes = ['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'];

/** What every schedule does each second. */
const ticking = [
  ...[AssessPeriodsSchedule, SettleBalancesSchedule],
  ...[WatchAlertsSchedule, DeliverAlertsSchedule, DatabaseWatch],
];

/** A distributor whose alerts go to a receiver of each channel's format. */
export class AlertRig {
  private token = '';
  private readonly underWay = new Set<(typeof ticking)[number]>();
  /** What was told before this test does not count. */
  private mark = 0;

  private constructor(
    readonly receivers: AlertReceivers,
    public distributor: RunningDistributor,
  ) {}

  static async start(environment: Record<string, string>): Promise<AlertRig> {
    const receivers = await startAlertReceivers();
    const rig = new AlertRig(receivers, await startDistributor({ ...receivers.environment, ...environment }));
    rig.token = await rig.distributor.signIn();
    return rig;
  }

  /** Another distributor in the place of this one, with the same receivers. */
  async restart(environment: Record<string, string>): Promise<void> {
    await this.distributor.close();
    this.distributor = await startDistributor({ ...this.receivers.environment, ...environment });
    this.token = await this.distributor.signIn();
  }

  async close(): Promise<void> {
    await this.distributor.close();
    await this.receivers.close();
  }

  /** Whatever the answer. */
  tryTo(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.distributor.ask(`/api/v1/${path}`, { method, token: this.token, body });
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.tryTo(method, path, body);
    expect(answer.status).toBeLessThan(300);
    return answer;
  }

  async itemsOf(path: string) {
    return page.parse((await this.ask('GET', path)).body).items;
  }

  open(kind?: AlertKind) {
    return this.itemsOf(`alerts?state=open&limit=200${kind === undefined ? '' : `&kind=${kind}`}`);
  }

  async openKinds(): Promise<string[]> {
    return [...new Set((await this.open()).map(({ kind }) => String(kind)))].sort();
  }

  /** As a person does. */
  async closeAll(kind: AlertKind): Promise<number> {
    const open = await this.open(kind);
    for (const { id } of open)
      await this.ask('POST', `alerts/${String(id)}/close`, { reason: 'talked to the operator' });
    return open.length;
  }

  /** Only what is told from now on counts. */
  begin(): void {
    this.mark = this.receivers.received.length;
  }

  /** What earlier tests may have been told counts too. */
  countEverything(): void {
    this.mark = 0;
  }

  get received(): Received[] {
    return this.receivers.received.slice(this.mark);
  }

  /** Told as begun, not as over. */
  get kindsBegun(): Set<string> {
    return new Set(this.received.filter(({ isOver }) => !isOver).flatMap(({ kinds }) => kinds));
  }

  /** What channels have not told of these kinds, as begun or as over. */
  missing(kinds: readonly AlertKind[], isOver: boolean): string[] {
    return kinds.flatMap((kind) =>
      channelTypes
        .filter(
          (channel) =>
            !this.received.some(
              (each) => each.channel === channel && each.isOver === isOver && each.kinds.includes(kind),
            ),
        )
        .map((channel) => `${kind} by ${channel}`),
    );
  }

  /** Every channel has told of these kinds, as begun or as over. */
  async told(kinds: readonly AlertKind[], isOver: boolean): Promise<void> {
    await this.until(
      () => Promise.resolve(this.missing(kinds, isOver)),
      (absent) => absent.length === 0,
    );
    expect(this.receivers.faults).toEqual([]);
  }

  /** What is done each ten seconds. */
  async collectLateEvidence(): Promise<void> {
    await this.distributor.app.get(AssessPeriodsSchedule, { strict: false }).tickLate();
  }

  /** As `until`, and nobody waits for the next second: what is due is done at once. */
  until<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
    return until(async () => {
      this.tick();
      return ask();
    }, satisfies);
  }

  private tick(): void {
    for (const schedule of ticking) {
      if (this.underWay.has(schedule)) continue;
      this.underWay.add(schedule);
      void this.distributor.app
        .get(schedule, { strict: false })
        .tick()
        .finally(() => this.underWay.delete(schedule));
    }
  }
}
