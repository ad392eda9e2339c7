import { randomBytes } from 'node:crypto';

import { objectIn, recordedInspection, recordedListing } from './recorded-answers.js';
import { type RecordedEvent, recordedEvents } from './recorded-events.js';
import type { EngineRecording, RecordedDeed, RecordedState } from './recordings/index.js';
import type { SimulatedEvents } from './simulated-events.js';

const never = '0001-01-01T00:00:00Z';

/** The last two are Podman's. */
export type SimulatedStatus =
  'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'stopping' | '';

/** RFC 3339 with nanoseconds, as the Engine writes it. */
export function engineTime(nano: bigint): string {
  const seconds = new Date(Number(nano / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}

/** One container: its state, the events that a real Engine was recorded telling, and its recorded inspection. */
export class SimulatedContainer {
  readonly created: string;
  status: SimulatedStatus = 'created';
  exitCode = 0;
  startedAt = never;
  finishedAt = never;
  restartCount = 0;
  /** Null without a health check. */
  health: string | null = null;
  /** When the health check last ended; null as if it ended just now, as one does that runs all the time. */
  checkedAt: string | null = null;
  /** What it runs, where its image came from and what is mounted into it. */
  command = ['sleep', 'infinity'];
  imageId = `sha256:${'0'.repeat(64)}`;
  mounts: { Type: string; Source: string; Destination: string }[] = [];
  networkMode = 'bridge';
  environment = ['POSTGRES_PASSWORD=not-for-anyone'];

  constructor(
    private readonly events: SimulatedEvents,
    private readonly recording: EngineRecording,
    public name: string,
    readonly image: string,
    readonly labels: Record<string, string> = {},
    readonly id = randomBytes(32).toString('hex'),
  ) {
    this.created = engineTime(events.nowNano());
    this.play('create');
  }

  /** Labels are copied over the attributes, except name and image: as in the real Engine. */
  emit(action: string, attributes: Record<string, string> = {}, beside: Record<string, unknown> = {}): void {
    const Attributes = { ...attributes, ...this.labels, image: this.image, name: this.name };
    this.events.emit({ Type: 'container', Action: action, Actor: { ID: this.id, Attributes } }, beside);
  }

  /** Does what was recorded, event by event. */
  private play(deed: RecordedDeed) {
    for (const event of recordedEvents(this.recording, deed)) {
      if (event.type === 'container') this.happen(event);
      else if (event.type === 'network') {
        const Attributes = { ...event.attributes, container: this.id };
        this.events.emit({
          Type: 'network',
          Action: event.action,
          Actor: { ID: 'f'.repeat(64), Attributes },
        });
      }
    }
  }

  private happen({ action, attributes, beside }: RecordedEvent) {
    const isStart = action === 'start';
    if (isStart) this.begin();
    if (action === 'die' && this.isRunning) this.finish(Number(attributes.exitCode));
    this.emit(action, attributes, beside);
  }

  private begin() {
    this.status = 'running';
    this.exitCode = 0;
    this.startedAt = engineTime(this.events.nowNano());
    if (this.health !== null) this.health = 'starting';
  }

  private finish(exitCode: number) {
    this.status = 'exited';
    this.exitCode = exitCode;
    this.finishedAt = engineTime(this.events.nowNano());
    if (this.health !== null) this.health = 'unhealthy';
  }

  get isRunning(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  start(): void {
    if (!this.isRunning) this.play('start');
  }

  stop(): void {
    if (this.isRunning) this.stopBy('stop');
  }

  /** The process has ended before any of the events is told, in whatever order that is. */
  private stopBy(deed: RecordedDeed) {
    const dies = recordedEvents(this.recording, deed).find(({ action }) => action === 'die');
    this.finish(Number(dies?.attributes.exitCode ?? 0));
    this.play(deed);
  }

  kill(signal = 'SIGKILL'): void {
    if (!this.isRunning) return;
    if (/^(SIG)?(HUP|USR1|USR2|WINCH)$/.test(signal)) this.play('hangUp');
    else this.stopBy('kill');
  }

  restart(): void {
    if (this.isRunning) this.stopBy('restart');
    else this.start();
  }

  /** The process ends by itself, and the restart policy waits for its next turn. */
  crash(exitCode = 3): void {
    if (!this.isRunning) return;
    this.finish(exitCode);
    this.status = 'restarting';
    this.emit('die', { exitCode: String(exitCode) });
  }

  /** The restart policy's turn has come. */
  comeUp(): void {
    this.restartCount += 1;
    this.start();
  }

  /** The kernel ended a process of the container, not its first one. */
  runChildOutOfMemory(): void {
    this.emit('oom');
  }

  pause(): void {
    if (this.status !== 'running') return;
    this.status = 'paused';
    this.play('pause');
  }

  unpause(): void {
    if (this.status !== 'paused') return;
    this.status = 'running';
    this.play('unpause');
  }

  rename(name: string): void {
    const oldName = `/${this.name}`;
    this.name = name;
    for (const { action, attributes } of recordedEvents(this.recording, 'rename'))
      this.emit(action, { ...attributes, oldName });
  }

  setHealth(health: string): void {
    this.health = health;
    if (health === 'healthy' || health === 'unhealthy') this.play(health);
  }

  /** One run of the health check, or of `docker exec`, which is told in three events. */
  check(): void {
    this.play('check');
  }

  destroyed(): void {
    if (this.isRunning) this.stopBy('removeRunning');
    else this.play('remove');
  }

  /** Ended with the Engine, which is told before it ends, or in a power cut, which nobody tells. */
  endWithEngine(): void {
    if (this.isRunning) this.stopBy('engineEnd');
  }

  beginWithEngine(): void {
    if (!this.isRunning) this.play('engineBegin');
  }

  /** As the Engine puts it when it begins anew after a power cut. */
  foundLost(): void {
    if (!this.isRunning) return;
    this.finish(255);
  }

  private get recordedState(): RecordedState {
    if (this.status === 'created' || this.status === 'restarting') return this.status;
    if (this.status === 'paused') return this.health === null ? 'paused' : 'pausedWithCheck';
    if (!this.isRunning) return 'killed';
    return this.health === 'healthy' || this.health === 'starting' || this.health === 'unhealthy'
      ? this.health
      : 'running';
  }

  inspection(): unknown {
    const whole = recordedInspection(this.recording, this.recordedState);
    const { Health: health, ...state } = whole.State;
    return {
      ...whole,
      Id: this.id,
      Created: this.created,
      Name: `/${this.name}`,
      Image: this.imageId,
      Path: this.command[0] ?? '',
      Args: this.command.slice(1),
      RestartCount: this.restartCount,
      State: {
        ...state,
        Status: this.status,
        Dead: this.status === 'dead',
        ExitCode: this.exitCode,
        StartedAt: this.startedAt,
        FinishedAt: this.finishedAt,
        ...(this.health === null
          ? health !== undefined && { Health: health }
          : { Health: this.healthState(this.health) }),
      },
      Config: {
        ...objectIn(whole, 'Config'),
        Image: this.image,
        Env: this.environment,
        Labels: this.labels,
        Cmd: this.command,
        ...(this.health !== null && { Healthcheck: { Test: ['CMD', 'true'], Interval: 1e10, Timeout: 5e9 } }),
      },
      HostConfig: { ...objectIn(whole, 'HostConfig'), NetworkMode: this.networkMode },
      Mounts: this.mounts,
    };
  }

  /** Nothing has been checked yet while it is starting. */
  private healthState(status: string): unknown {
    const end = this.checkedAt ?? engineTime(this.events.nowNano());
    const results = status === 'starting' ? [] : [{ Start: end, End: end, ExitCode: 0, Output: '' }];
    return { Status: status, FailingStreak: 0, Log: results };
  }

  listing(): unknown {
    return {
      ...recordedListing(this.recording),
      Id: this.id,
      Names: [`/${this.name}`],
      Image: this.image,
      ImageID: this.imageId,
      Command: this.command.join(' '),
      Created: Math.floor(Date.parse(this.created.slice(0, 19) + 'Z') / 1000),
      Labels: this.labels,
      State: this.status,
      Status: this.isRunning ? 'Up' : 'Exited (0)',
    };
  }
}
