import { setTimeout as sleep } from 'node:timers/promises';

import { Intervals } from './intervals.js';
import { capability, capacity, type Network, tokenLimitMs } from './network.js';
import type { Random } from './random.js';

export interface Fault {
  name: string;
  /** Ends the fault; absent: it is over as soon as it has happened. */
  begin(network: Network): Promise<void> | void;
  end?(network: Network): void;
  /** Nothing can be healed while it lasts. */
  blocksRegistration?: boolean;
  stalls?: boolean;
}

const path = (name: 'resets' | 'loses-requests' | 'loses-answers'): Fault => ({
  name: `path ${name}`,
  begin: (network) => void (network.path.fault = name),
  end: (network) => void (network.path.fault = 'clear'),
});

const panic = (panicsOn: 'token' | 'job' | 'registration'): Fault => ({
  name: `panic on ${panicsOn}`,
  begin: ({ orchestrator }) => void (orchestrator.faults.panicsOn = panicsOn),
  end: ({ orchestrator }) => void (orchestrator.faults.panicsOn = 'nothing'),
  ...(panicsOn === 'registration' && { blocksRegistration: true }),
});

/** By weight: what happens to orchestrators and networks within months. */
export const faults: readonly (readonly [weight: number, fault: Fault])[] = [
  [3, { name: 'orchestrator restarts', begin: ({ orchestrator }) => orchestrator.restart() }],
  [
    2,
    {
      name: 'capability dropped',
      begin: ({ orchestrator }) => {
        orchestrator.dropCapability(capability);
      },
    },
  ],
  [2, path('resets')],
  [2, path('loses-requests')],
  [2, path('loses-answers')],
  [
    2,
    {
      name: 'connections cut',
      begin: (network) => {
        network.path.cut();
      },
    },
  ],
  [
    2,
    {
      name: 'worker suspended',
      blocksRegistration: true,
      begin: ({ worker }) => {
        worker.pause();
      },
      end: ({ worker }) => {
        worker.resume();
      },
    },
  ],
  [
    2,
    {
      name: 'all slots leak',
      begin: ({ orchestrator }) => {
        orchestrator.leakSlots(capability, capacity);
      },
    },
  ],
  [
    2,
    {
      name: 'some slots leak',
      begin: ({ orchestrator }) => {
        orchestrator.leakSlots(capability, 3);
      },
    },
  ],
  [
    1,
    {
      name: 'tokens late',
      begin: ({ orchestrator }) => void (orchestrator.faults.tokenDelayMs = tokenLimitMs + 500),
      end: ({ orchestrator }) => void (orchestrator.faults.tokenDelayMs = 0),
    },
  ],
  [
    1,
    {
      name: 'token bodies stall',
      stalls: true,
      begin: ({ orchestrator }) => void (orchestrator.faults.stallsTokenBody = true),
      end: ({ orchestrator }) => void (orchestrator.faults.stallsTokenBody = false),
    },
  ],
  [
    1,
    {
      name: 'job bodies stall',
      stalls: true,
      begin: ({ orchestrator }) => void (orchestrator.faults.stallsJobBody = true),
      end: ({ orchestrator }) => void (orchestrator.faults.stallsJobBody = false),
    },
  ],
  [1, panic('token')],
  [1, panic('job')],
  [1, panic('registration')],
];

export interface FaultPlan {
  /** Mean of the quiet between two faults. */
  quietMs: number;
  lastsMs: readonly [least: number, most: number];
  /** Whether bodies stall: such a job lasts until its client gives up, after some eleven seconds. */
  withStalls: boolean;
}

/** One fault after the other until stopped, with quiet in between. */
export class Troublemaker {
  /** In these a job may fail. */
  readonly active = new Intervals(2_000);
  readonly counts = new Map<string, number>();
  private blocksRegistration = false;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly network: Network,
    private readonly random: Random,
    private readonly plan: FaultPlan,
  ) {}

  canRegister = (): boolean => !this.blocksRegistration;

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    // Each kind once, so that short runs meet them all, then by weight.
    const known = faults.filter(([, { stalls }]) => this.plan.withStalls || stalls !== true);
    const first = known.map(([, fault]) => fault);
    for (;;) {
      await this.wait(this.random.between(0.5, 1.5) * this.plan.quietMs);
      if (this.stopping.signal.aborted) return;
      const drawn = this.random.pick(known);
      const [next = drawn] = first.splice(this.random.whole(0, Math.max(0, first.length - 1)), 1);
      await this.strike(next);
    }
  }

  private async strike(fault: Fault): Promise<void> {
    this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1);
    this.active.set(true);
    this.blocksRegistration = fault.blocksRegistration ?? false;
    await fault.begin(this.network);
    if (fault.end) await this.wait(this.random.between(...this.plan.lastsMs));
    fault.end?.(this.network);
    this.blocksRegistration = false;
    this.active.set(false);
  }

  private async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
