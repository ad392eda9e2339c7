import { FactLogger } from '#platform';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type CurrentStatus, CurrentStatusReader } from '../status/current-status.js';
import { type Marks, NewestFacts } from './newest-facts.js';

export const topics = ['assessments', 'services', 'history', 'payouts', 'alerts', 'changes'] as const;
export type Topic = (typeof topics)[number];

export interface LiveEvent {
  topic: Topic;
  items: readonly unknown[];
}

type Listener = (event: LiveEvent) => void;

/** Once for all who listen; with nobody listening the database is not asked. */
const LOOK_EVERY_MS = 1_000;

/**
 * Tells what is new in the books. It looks at them instead of being told: what another replica wrote is seen as well, and the
 * writers pay nothing. A row that was numbered before but committed after a newer one is missed by one look; therefore
 * whatever changed is said once more at the next.
 */
@Injectable()
export class LiveEvents implements OnModuleDestroy {
  private readonly log = new FactLogger('live');
  private readonly listeners = new Set<Listener>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private marks: Marks | undefined;
  private again = new Map<Topic, Marks>();
  private states = new Map<string, string>();

  constructor(
    private readonly facts: NewestFacts,
    private readonly status: CurrentStatusReader,
  ) {}

  get listening(): number {
    return this.listeners.size;
  }

  /** @returns how to stop listening */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.timer === undefined) {
      this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
      void this.look();
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.rest();
    };
  }

  onModuleDestroy(): void {
    this.rest();
    this.listeners.clear();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.marks = undefined;
    this.again.clear();
    this.states.clear();
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const now = await this.facts.marks();
      const before = this.marks;
      // Whoever comes asks for everything: what stood before the first look is not new.
      if (before === undefined) await this.readStates();
      else await this.tell(before, now);
      this.marks = this.timer === undefined ? undefined : now;
    } catch (error) {
      // The lines stay open and the next look tells what was missed.
      this.log.debug('not looked', { error: error instanceof Error ? error.message : String(error) });
    } finally {
      this.isLooking = false;
    }
  }

  private async tell(before: Marks, now: Marks): Promise<void> {
    const once = this.again;
    this.again = new Map();
    for (const topic of ['assessments', 'history', 'payouts', 'changes', 'alerts'] as const) {
      const since = before[topic] === now[topic] ? once.get(topic) : before;
      if (since === undefined) continue;
      if (before[topic] !== now[topic]) this.again.set(topic, before);
      this.say({ topic, items: await this.itemsOf(topic, since) });
      if (topic === 'assessments') this.sayStates(await this.readStates());
    }
  }

  private async itemsOf(topic: Exclude<Topic, 'services'>, since: Marks): Promise<readonly unknown[]> {
    switch (topic) {
      case 'assessments':
        return this.facts.assessmentsAfter(since.assessments);
      case 'payouts':
        return this.facts.payoutsAfter(since.payouts);
      case 'changes':
        return this.facts.changesAfter(since.changes);
      case 'alerts':
        return this.facts.openAlerts();
      case 'history':
        return [];
    }
  }

  /** Orchestrators whose state or whose services' states differ from the last time. */
  private async readStates(): Promise<CurrentStatus['orchestrators']> {
    const { orchestrators } = await this.status.read();
    const changed = orchestrators.filter((each) => this.states.get(each.id) !== stateKey(each));
    this.states = new Map(orchestrators.map((each) => [each.id, stateKey(each)]));
    return changed;
  }

  private sayStates(changed: CurrentStatus['orchestrators']): void {
    if (changed.length === 0) return;
    const items = changed.map(({ id, state, services }) => ({ orchestrator_id: id, state, services }));
    this.say({ topic: 'services', items });
  }

  private say(event: LiveEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

const stateKey = ({ state, services }: CurrentStatus['orchestrators'][number]): string =>
  `${state} ${services.map((service) => `${service.name}=${service.state}`).join(' ')}`;
