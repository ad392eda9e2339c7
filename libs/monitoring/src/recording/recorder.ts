import { setImmediate } from 'node:timers/promises';

import type { FactLogger } from '#platform';

import type { ReceivedEvent } from '../containers/event-stream.js';
import type { ServiceSelection } from '../containers/service-selection.js';
import type { Journal } from '../journal/journal.js';
import type { ResumeState } from '../journal/resume-state.js';
import { probedBefore, resumePoint } from './resume.js';
import type { Clock } from '../clock.js';
import type { MonitoringPlan } from '../plan/monitoring-plan.js';
import { probeRules } from '../probes/probe-settings.js';
import type { Observation } from '../segments/observation.js';
import type { ProbeResult, RunKey } from '../segments/probe-result.js';
import { ProbeTrack } from '../segments/probe-track.js';
import { effectOn } from '../segments/service-event.js';
import { ServiceTrack } from '../segments/service-track.js';
import { type Segment, unknownBecause } from '../segments/service-state.js';

/** An event may arrive a little after the inspection that already shows its effect. */
const eventGraceMs = 100;

/** Longest that the watermark may stay behind. */
const maxBehindMs = 15_000;

interface Tracked {
  track: ServiceTrack;
  /** Observations that wait for the events before them. */
  queue: Observation[];
  /** The container that bore the name when last seen. */
  containerId: string | null;
}

export interface RecordOptions {
  /** When the round began that is to be recorded: nothing later is, because not every service was asked since. */
  askedMs: number;
  eventsComplete: (sinceMs: number) => boolean;
  resumeFor: (watermarkMs: number) => Pick<ResumeState, 'event' | 'bootId'>;
}

export interface RecorderOptions {
  journal: Journal;
  selection: ServiceSelection;
  clock: Clock;
  log: FactLogger;
  /** Identifies the run of the operating system; null where unknown. */
  bootId: string | null;
  plan: MonitoringPlan;
}

/** Brings what is observed of all services into the journal, one transaction per round. */
export class Recorder {
  private readonly services = new Map<string, Tracked>();
  private replayComplete = false;

  private readonly journal: Journal;
  private readonly selection: ServiceSelection;
  private readonly clock: Clock;
  private readonly log: FactLogger;
  private readonly plan: MonitoringPlan;

  constructor({ journal, selection, clock, log, bootId, plan }: RecorderOptions) {
    this.journal = journal;
    this.selection = selection;
    this.clock = clock;
    this.log = log;
    this.plan = plan;
    const { left } = journal;
    // A worker that recorded nothing between that run and this has ended what was open.
    const known = new Set([...left.services, ...left.resume.up.map(({ service }) => service)]);
    for (const service of known) if (selection.includes(service)) this.resume(service, left.resume, bootId);
    for (const service of selection.exactNames) this.add(service);
  }

  private resume(service: string, left: ResumeState, bootId: string | null) {
    const { watermarkMs } = this.journal;
    const now = this.clock.now();
    const point = resumePoint(service, left, bootId, watermarkMs, now);
    const settings = this.plan.probeFor(service);
    const before = probedBefore(service, left, watermarkMs, now);
    const probe = settings && new ProbeTrack(probeRules(settings), before);
    this.track(service, new ServiceTrack(now, watermarkMs, point, probe));
  }

  get names(): string[] {
    return this.selection.order(this.services.keys());
  }

  /** Begins to account for a service, from now on. */
  add(service: string): void {
    if (this.services.has(service)) return;
    const settings = this.plan.probeFor(service);
    const probe = settings && new ProbeTrack(probeRules(settings));
    this.track(service, new ServiceTrack(this.clock.now(), this.journal.watermarkMs, undefined, probe));
  }

  private track(service: string, track: ServiceTrack) {
    this.services.set(service, { track, queue: [], containerId: null });
  }

  /** The events since the earlier run's last are all known: an unwatched gap may be inferred. */
  replayed(): void {
    this.replayComplete = true;
  }

  probeAsked(service: string, run: RunKey, askedMs: number): void {
    this.services.get(service)?.track.probe?.asked(run, askedMs);
  }

  /** @param result null when the question was given up */
  probed(service: string, run: RunKey, result: ProbeResult | null): void {
    const probe = this.services.get(service)?.track.probe;
    if (result) probe?.answered(result);
    else probe?.dropped(run);
  }

  observed(service: string, observation: Observation): void {
    const tracked = this.services.get(service);
    if (!tracked) return;
    tracked.queue.push(observation);
    const { finding } = observation;
    if (finding.kind !== 'unanswered') {
      tracked.containerId = finding.kind === 'container' ? finding.container.id : null;
    }
  }

  /** @returns the services that the event concerns, by the name it bears or by the container that they had */
  event({ action, name, containerId, atMs, late }: Omit<ReceivedEvent, 'key' | 'timeNano'>): string[] {
    const concerned: string[] = [];
    for (const [service, { track, containerId: known }] of this.services) {
      if (name !== service && containerId !== known) continue;
      concerned.push(service);
      const effect = effectOn(service, { action, name, containerId, atMs });
      if (!effect) continue;
      if (name === service) {
        // With clocks that differ, up time counts from the receipt: later, never earlier.
        const atMsHere = late && effect.effect !== 'fails' ? this.clock.now().wallMs : atMs;
        track.addEvent({ ...effect, atMs: atMsHere });
      } else if (effect.effect === 'fails') track.addEvent(effect);
    }
    return concerned;
  }

  /** @returns services that changed without an event, and those that no longer exist and are no longer watched */
  async record(options: RecordOptions): Promise<{ silent: string[]; ended: string[] }> {
    const silent = this.account(options);
    const { wallMs } = this.clock.now();
    for (const { track } of this.services.values()) track.probe?.giveUp(wallMs);
    const watermarkMs = Math.min(
      options.askedMs,
      ...[...this.services.values()].map(({ track }) => track.confirmedMs),
    );
    const ended: string[] = [];
    try {
      while (this.journal.watermarkMs < watermarkMs) {
        ended.push(...this.step(this.journal.furthestStepMs(watermarkMs), watermarkMs, options));
        await setImmediate();
      }
    } catch {
      this.giveUpWhatIsOld();
    }
    return { silent, ended };
  }

  private account({ eventsComplete }: RecordOptions): string[] {
    const readyMs = this.clock.now().monotonicMs - eventGraceMs;
    const silent: string[] = [];
    for (const [service, { track, queue }] of this.services) {
      for (let next = queue[0]; next && next.answeredAt.monotonicMs <= readyMs; next = queue[0]) {
        queue.shift();
        const complete = track.isResumed ? () => this.replayComplete : eventsComplete;
        if (track.observe(next, complete).silentChange) silent.push(service);
      }
    }
    return silent;
  }

  /** One transaction. */
  private step(untilMs: number, watermarkMs: number, { resumeFor }: RecordOptions): string[] {
    const ended = untilMs < watermarkMs ? [] : this.vanished();
    const segments = new Map<string, Segment[]>();
    const up: ResumeState['up'] = [];
    for (const [service, { track }] of this.services) {
      segments.set(service, track.segmentsUntil(untilMs));
      const since = track.upSince(untilMs);
      if (!since) continue;
      const { container, probedAtMs } = since;
      const { askedAt } = track.latest;
      const probed = probedAtMs !== undefined && { probedAtMs };
      up.push({ service, containerId: container.id, startedAt: container.startedAt, askedAt, ...probed });
    }
    this.journal.record({ untilMs, segments, ended, resume: { ...resumeFor(untilMs), up } });
    for (const { track } of this.services.values()) track.forgetUntil(untilMs);
    for (const service of ended) this.services.delete(service);
    return ended;
  }

  /** A glob stands for what exists: a service that it brought in leaves with its container. */
  private vanished(): string[] {
    return [...this.services]
      .filter(
        ([service, { track, queue }]) =>
          !this.selection.exactNames.includes(service) &&
          queue.length === 0 &&
          track.latest.finding.kind === 'missing',
      )
      .map(([service]) => service);
  }

  private giveUpWhatIsOld() {
    const { wallMs } = this.clock.now();
    const fromMs = this.journal.watermarkMs;
    for (const { track } of this.services.values()) {
      const oldestMs = track.segmentsFrom(fromMs)[0]?.fromMs ?? wallMs;
      if (wallMs - oldestMs > maxBehindMs) track.giveUpFrom(fromMs, unknownBecause.journalFailed);
    }
    this.log.warn('rounds could not be recorded', { watermark: new Date(fromMs).toISOString() });
  }
}
