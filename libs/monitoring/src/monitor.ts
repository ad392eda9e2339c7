import { FactLogger } from '#platform';

import { JournalAnswers } from './answers/journal-answers.js';
import { type MonitorEventMap, MonitorEvents } from './answers/monitor-events.js';
import type { ServiceStatus } from './answers/service-status.js';
import { StatusBoard } from './answers/status-board.js';
import type { WindowUptime } from './answers/window.js';
import { type Clock, readBootId, systemClock } from './clock.js';
import { EngineClient } from './containers/engine-client.js';
import type { EventStream } from './containers/event-stream.js';
import { ServiceSelection } from './containers/service-selection.js';
import { Journal, type JournalHealth } from './journal/journal.js';
import type { SealedMinute } from './journal/minute-chain.js';
import type { MonitorOptions } from './monitor-options.js';
import { MonitoringPlan } from './plan/monitoring-plan.js';
import { Absence } from './recording/absence.js';
import { Recorder } from './recording/recorder.js';
import type { Observation } from './segments/observation.js';
import type { ProbeResult, RunKey } from './segments/probe-result.js';
import { type EngineView, EngineWatch } from './watching/engine-watch.js';
import { hearEvents } from './watching/heard-events.js';
import { Rounds } from './watching/rounds.js';
import { MonitorProbes } from './watching/service-probes.js';
import { WatchedServices } from './watching/watched-services.js';

export type { MonitorOptions } from './monitor-options.js';

const dayMs = 86_400_000;

/** Watches the services' containers and accounts for every millisecond of their time. */
export class Monitor {
  private readonly selection: ServiceSelection;
  private readonly clock: Clock;
  private readonly log: FactLogger;
  private readonly engineClient: EngineClient;
  private readonly requestTimeoutMs: number;
  private readonly events: MonitorEvents;
  private readonly answers = new JournalAnswers();
  private readonly stopping = new AbortController();
  private readonly services: WatchedServices;
  private readonly plan: MonitoringPlan;
  private readonly probes: MonitorProbes;
  private readonly board: StatusBoard;
  private readonly watch: EngineWatch;
  private recorder: Recorder | undefined;
  private stream: EventStream | undefined;
  private rounds: Rounds | undefined;

  /** @throws InvalidServiceNameError, InvalidDockerHostError */
  constructor(private readonly options: MonitorOptions) {
    this.selection = new ServiceSelection(options.services);
    this.clock = options.clock ?? systemClock;
    this.log = options.logger ?? new FactLogger('monitor');
    this.requestTimeoutMs = options.requestTimeoutMs ?? 4_000;
    const { dockerHost } = options;
    this.engineClient = new EngineClient({ dockerHost, requestTimeoutMs: this.requestTimeoutMs });
    this.watch = new EngineWatch(this.engineClient, this.clock, this.log);
    this.events = new MonitorEvents(this.log);
    this.plan = options.plan ?? new MonitoringPlan([]);
    this.probes = new MonitorProbes({
      plan: this.plan,
      clock: this.clock,
      onAsked: (service, run, askedMs) => this.recorder?.probeAsked(service, run, askedMs),
      onAnswered: (service, run, result) => {
        this.onProbed(service, run, result);
      },
    });
    this.board = new StatusBoard((service) => this.probes.view(service), this.clock, this.events);
    this.services = new WatchedServices({
      selection: this.selection,
      engine: this.engineClient,
      clock: this.clock,
      plan: this.plan,
      signal: this.stopping.signal,
      onUnanswered: (error) => {
        this.watch.failed(error);
      },
      onIncluded: (service) => {
        this.recorder?.add(service);
        this.probes.include(service);
        this.board.include(service);
      },
      onObserved: (service, observation, fault) => {
        this.onObserved(service, observation, fault);
      },
    });
  }

  /**
   * Opens the journal and begins to watch. A missing Engine is no error: time is unknown until it answers.
   * @throws JournalLockedError, JournalUnwritableError
   */
  async start(): Promise<void> {
    const { clock, engineClient: engine, log, selection, requestTimeoutMs, services, watch } = this;
    const bootId = readBootId();
    const journal = Journal.open({
      directory: this.options.dataDir,
      startMs: clock.now().wallMs,
      selection,
      retentionMs: (this.options.retentionDays ?? 35) * dayMs,
      log,
    });
    journal.upkeep.start();
    this.answers.open(journal);
    const recorder = new Recorder({ journal, selection, clock, log, bootId, plan: this.plan });
    this.recorder = recorder;
    const { event: last } = journal.left.resume;
    const { firstSubscription } = watch;
    for (const name of recorder.names) services.include(name);
    const { board } = this;
    this.stream = hearEvents({ engine, clock, log, selection, services, watch, board, recorder, last });
    this.rounds = new Rounds({
      everyMs: this.options.inspectEveryMs ?? 5_000,
      requestTimeoutMs,
      services,
      watch,
      stream: this.stream,
      recorder,
      absence: new Absence({
        engine,
        recorder,
        known: last,
        firstSubscription,
        requestTimeoutMs,
        clock,
        log,
      }),
      bootId,
      clock,
      log,
      onEnded: (service) => {
        services.exclude(service);
        this.probes.exclude(service);
        board.exclude(service);
      },
    });
    this.stream.start();
    this.rounds.start();
  }

  /** Looks at every service once more; takes two seconds at most, whatever the Engine does. */
  async stop(): Promise<void> {
    const { rounds } = this;
    this.rounds = undefined;
    await rounds?.stop();
    this.stopping.abort();
    this.probes.stop();
    this.engineClient.close();
    await this.stream?.stop();
    this.answers.close();
  }

  /** Unix milliseconds up to which nothing can change any more; 0 while not started. */
  watermarkMs(): number {
    return this.answers.watermarkMs();
  }

  /**
   * What was up, and for how long, in `[fromMs, toMs)`. The same question has the same answer for ever.
   * @throws BeyondWatermarkError, InvalidWindowError
   */
  window(fromMs: number, toMs: number): WindowUptime {
    return this.answers.window(fromMs, toMs);
  }

  /**
   * The sealed minutes of `[fromMs, toMs)`, an hour at a time; those before the journal began are left out.
   * @throws BeyondWatermarkError, InvalidWindowError
   */
  sealedMinutes(fromMs: number, toMs: number): Iterable<SealedMinute[]> {
    return this.answers.sealedMinutes(fromMs, toMs);
  }

  /** Globs that stand for nothing now. */
  emptyPatterns(): string[] {
    return this.selection.emptyGlobs(this.statuses().map(({ name }) => name));
  }

  /** Every service as it is now, by its latest inspection and its probe. */
  statuses(): ServiceStatus[] {
    return this.selection.order(this.board.names).map((name) => this.board.statusOf(name));
  }

  engine(): EngineView {
    return this.watch.view();
  }

  journal(): JournalHealth {
    return this.answers.health();
  }

  on<E extends keyof MonitorEventMap>(event: E, listener: (...happened: MonitorEventMap[E]) => void): this {
    this.events.on(event, listener);
    return this;
  }

  off<E extends keyof MonitorEventMap>(event: E, listener: (...happened: MonitorEventMap[E]) => void): this {
    this.events.off(event, listener);
    return this;
  }

  private onObserved(service: string, observation: Observation, fault: Error | null) {
    if (fault) this.watch.failed(fault);
    else this.watch.answered();
    this.recorder?.observed(service, observation);
    this.probes.observed(service, observation);
    this.board.observed(service, observation);
  }

  private onProbed(service: string, run: RunKey, result: ProbeResult | null) {
    this.recorder?.probed(service, run, result);
    if (!result) return;
    this.board.probed(service);
    const { outcome, askedMs, answeredMs } = result;
    this.events.emit('probed', { service, outcome: outcome.kind, latencyMs: answeredMs - askedMs });
  }
}
