import { randomBytes } from 'node:crypto';

import type { SimulatedEvents } from './simulated-events.js';

const never = '0001-01-01T00:00:00Z';

export type SimulatedStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

/** RFC 3339 with nanoseconds, as the Engine writes it. */
function engineTime(nano: bigint): string {
  const seconds = new Date(Number(nano / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}

/** One container: its state, and the events that a real Engine writes when the state changes. */
export class SimulatedContainer {
  readonly id = randomBytes(32).toString('hex');
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

  constructor(
    private readonly events: SimulatedEvents,
    public name: string,
    readonly image: string,
    readonly labels: Record<string, string> = {},
  ) {
    this.created = engineTime(events.nowNano());
    this.emit('create');
  }

  /** Labels are copied over the attributes, except name and image: as in the real Engine. */
  emit(action: string, attributes: Record<string, string> = {}): void {
    this.events.emit(action, this.id, { ...attributes, ...this.labels, image: this.image, name: this.name });
  }

  get isRunning(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  start(): void {
    if (this.isRunning) return;
    this.status = 'running';
    this.exitCode = 0;
    this.startedAt = engineTime(this.events.nowNano());
    if (this.health !== null) this.health = 'starting';
    this.emit('start');
  }

  private die(exitCode: number): void {
    this.status = 'exited';
    this.exitCode = exitCode;
    this.finishedAt = engineTime(this.events.nowNano());
    if (this.health !== null) this.health = 'unhealthy';
    this.emit('die', { exitCode: String(exitCode), execDuration: '1' });
  }

  stop(): void {
    if (!this.isRunning) return;
    this.emit('kill', { signal: '15' });
    this.die(0);
    this.emit('stop');
  }

  kill(signal = 'SIGKILL'): void {
    if (!this.isRunning) return;
    const harmless = /^(SIG)?(HUP|USR1|USR2|WINCH)$/.test(signal);
    this.emit('kill', { signal: harmless ? '1' : '9' });
    if (!harmless) this.die(137);
  }

  restart(): void {
    this.stop();
    this.start();
    this.emit('restart');
  }

  pause(): void {
    if (this.status !== 'running') return;
    this.status = 'paused';
    this.emit('pause');
  }

  unpause(): void {
    if (this.status !== 'paused') return;
    this.status = 'running';
    this.emit('unpause');
  }

  rename(name: string): void {
    const oldName = `/${this.name}`;
    this.name = name;
    this.emit('rename', { oldName });
  }

  setHealth(health: string): void {
    this.health = health;
    if (health !== 'starting') this.emit(`health_status: ${health}`);
  }

  destroyed(): void {
    this.kill();
    this.emit('destroy');
  }

  inspection(): unknown {
    return {
      Id: this.id,
      Created: this.created,
      Name: `/${this.name}`,
      Image: this.imageId,
      Path: this.command[0] ?? '',
      Args: this.command.slice(1),
      RestartCount: this.restartCount,
      State: {
        Status: this.status,
        Running: this.isRunning,
        Paused: this.status === 'paused',
        Restarting: this.status === 'restarting',
        OOMKilled: false,
        Dead: this.status === 'dead',
        Pid: this.isRunning ? 4242 : 0,
        ExitCode: this.exitCode,
        Error: '',
        StartedAt: this.startedAt,
        FinishedAt: this.finishedAt,
        ...(this.health !== null && { Health: this.healthState(this.health) }),
      },
      Config: {
        Image: this.image,
        Env: ['POSTGRES_PASSWORD=not-for-anyone'],
        Labels: this.labels,
        Cmd: this.command,
        ...(this.health !== null && { Healthcheck: { Test: ['CMD', 'true'], Interval: 1e10, Timeout: 5e9 } }),
      },
      HostConfig: { NetworkMode: this.networkMode, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
      Mounts: this.mounts,
      NetworkSettings: { Networks: {} },
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
      Id: this.id,
      Names: [`/${this.name}`],
      Image: this.image,
      ImageID: `sha256:${'0'.repeat(64)}`,
      Command: 'sleep infinity',
      Created: Math.floor(Date.parse(this.created.slice(0, 19) + 'Z') / 1000),
      Ports: [],
      Labels: this.labels,
      State: this.status,
      Status: this.isRunning ? 'Up' : 'Exited (0)',
      HostConfig: { NetworkMode: 'bridge' },
      NetworkSettings: { Networks: {} },
      Mounts: [],
    };
  }
}
