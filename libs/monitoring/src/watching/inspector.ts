import { type EngineClient, EngineUnansweredError } from '../containers/engine-client.js';
import type { IdentityPolicy } from '../identity/identity-policy.js';
import { type Clock, waitBy } from '../clock.js';
import type { Finding, Observation } from '../segments/observation.js';
import { unknownBecause } from '../segments/service-state.js';

/** A burst of events asks for at most one inspection per this time. */
const minSpacingMs = 25;

export interface InspectorOptions {
  service: string;
  /** What the container must be; null when any will do. */
  policy: IdentityPolicy | null;
  engine: EngineClient;
  clock: Clock;
  signal: AbortSignal;
  onObserved: (observation: Observation, error: Error | null) => void;
}

/** Inspects one service, one question at a time, so that a hung one delays nobody else. Each question has a limit. */
export class Inspector {
  private underWay: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly options: InspectorOptions) {}

  /** Resolves when a question that was asked after this call has been answered, or given up. */
  inspect(): Promise<void> {
    if (!this.underWay) return this.begin();
    this.next ??= this.underWay
      .then(() => waitBy(this.options.clock, minSpacingMs, this.options.signal))
      .then(() => {
        this.next = undefined;
        return this.begin();
      });
    return this.next;
  }

  private begin(): Promise<void> {
    const turn = this.ask().finally(() => {
      if (this.underWay === turn) this.underWay = undefined;
    });
    this.underWay = turn;
    return turn;
  }

  private isOver(): boolean {
    return this.options.signal.aborted;
  }

  private async ask() {
    const { service, policy, engine, clock, onObserved } = this.options;
    if (this.isOver()) return;
    const askedAt = clock.now();
    let finding: Finding;
    let fault: Error | null = null;
    try {
      finding = await engine.inspect(service, policy);
    } catch (error) {
      fault = error instanceof Error ? error : new Error(String(error));
      const reason = error instanceof EngineUnansweredError ? error.reason : unknownBecause.engineUnreachable;
      finding = { kind: 'unanswered', reason };
    }
    if (this.isOver()) return;
    onObserved({ finding, askedAt, answeredAt: clock.now() }, fault);
  }
}
