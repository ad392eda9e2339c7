import { FactLogger, delay, exponentialBackoff } from '#platform';

import type { CapabilityOffer } from './capability-offer.js';
import { offerToWire } from './capability-offer.js';
import { errorText } from './job-outcome.js';
import type { RegistrationState, WorkerNetwork } from './network.js';
import { OrchestratorClient } from './orchestrator-client.js';

export interface CapabilityRegistrationOptions {
  /** Absent: registration is disabled, and says so in its state. */
  orchestratorUrl?: string | undefined;
  /** Equal to the orchestrator's `-orchSecret`. */
  secret: string;
  offer: CapabilityOffer;
  /**
   * From one confirmed registration to the next: at least this, at most 20 % more, of which one half is jitter and the other
   * may be waited for an idle worker. At least 30 s outside tests.
   */
  heartbeatMs?: number;
  /** The first wait after a failed attempt; doubles up to the heartbeat. */
  retryMinMs?: number;
  /** The least time between two registrations, a sixth of the heartbeat unless given: go-livepeer's registry bears no tight loop. */
  spacingMs?: number;
  /** How long a due registration may wait for `isIdle`; a tenth of the heartbeat unless given. */
  idleGraceMs?: number;
  /** True while no job runs. Registering meanwhile resets the orchestrator's count of running jobs. */
  isIdle?: () => boolean;
  logger?: Pick<FactLogger, 'info' | 'warn'>;
}

/** Jobs take milliseconds: idle moments are short. */
const idlePollMs = 10;

/**
 * Keeps a worker's capability registered. An orchestrator forgets it on a restart and on any failed connection to the
 * worker, leaks one slot per timed-out job, and tells nobody; registering anew heals all three.
 */
export class CapabilityRegistration implements WorkerNetwork {
  private readonly client: OrchestratorClient | undefined;
  private readonly log: Pick<FactLogger, 'info' | 'warn'>;
  private readonly heartbeatMs: number;
  private readonly stopping = new AbortController();
  private waking = new AbortController();
  private running: Promise<void> | undefined;
  private wasAttempted = false;
  private lastAttemptAt = -Infinity;
  private current: RegistrationState;

  /** @throws {CapabilityOfferError | OrchestratorUrlError} for what no orchestrator could use */
  constructor(private readonly options: CapabilityRegistrationOptions) {
    offerToWire(options.offer);
    this.client = options.orchestratorUrl
      ? new OrchestratorClient(options.orchestratorUrl, options.secret)
      : undefined;
    this.log = options.logger ?? new FactLogger('CapabilityRegistration');
    this.heartbeatMs = options.heartbeatMs ?? 30_000;
    this.current = {
      status: this.client ? 'registering' : 'disabled',
      registeredAtMs: null,
      lastError: null,
      confirmed: 0,
      failed: 0,
    };
  }

  state(): RegistrationState {
    return { ...this.current };
  }

  start(): void {
    if (this.client && !this.stopping.signal.aborted) this.running ??= this.keepRegistered(this.client);
  }

  jobAborted(): void {
    this.waking.abort();
  }

  async stop(): Promise<void> {
    if (!this.client || this.stopping.signal.aborted) return;
    this.stopping.abort();
    this.waking.abort();
    await this.running;
    // A name that we never registered may be another worker's.
    if (this.wasAttempted) await this.withdraw(this.client);
    this.current = { ...this.current, status: 'stopped' };
    await this.client.close();
  }

  private async keepRegistered(client: OrchestratorClient): Promise<void> {
    const { signal } = this.stopping;
    const backoff = exponentialBackoff({ minMs: this.options.retryMinMs ?? 1_000, maxMs: this.heartbeatMs });
    while (!signal.aborted) {
      if (await this.register(client, signal)) {
        backoff.reset();
        await this.untilDue(signal);
      } else {
        await delay(backoff.next(), signal);
      }
    }
  }

  private async register(client: OrchestratorClient, signal: AbortSignal): Promise<boolean> {
    this.wasAttempted = true;
    this.lastAttemptAt = performance.now();
    // Only what happens from now on asks for another registration.
    this.waking = new AbortController();
    const verdict = await client.register(this.options.offer, signal);
    if (signal.aborted) return false;
    const before = this.current;
    const capability = this.options.offer.name;
    if (verdict.kind === 'registered') {
      const confirmed = before.confirmed + 1;
      const registeredAtMs = Date.now();
      this.current = { ...before, status: 'registered', registeredAtMs, lastError: null, confirmed };
      if (before.status !== 'registered') this.log.info('capability registered', { capability });
      return true;
    }
    this.current = { ...before, status: 'failing', lastError: verdict.detail, failed: before.failed + 1 };
    if (before.lastError !== verdict.detail) {
      this.log.warn('capability not registered', {
        capability,
        reason: verdict.kind,
        detail: verdict.detail,
      });
    }
    return false;
  }

  /** Until the heartbeat, or until a job was aborted; then until the worker is idle, but not for long. */
  private async untilDue(signal: AbortSignal): Promise<void> {
    const { spacingMs = this.heartbeatMs / 6, idleGraceMs = this.heartbeatMs / 10 } = this.options;
    const { isIdle = () => true } = this.options;
    await delay(this.heartbeatMs * (1 + Math.random() * 0.1), this.waking.signal);
    await delay(this.lastAttemptAt + spacingMs - performance.now(), signal);
    const graceEndsAt = performance.now() + idleGraceMs;
    while (!signal.aborted && !isIdle() && performance.now() < graceEndsAt) await delay(idlePollMs, signal);
  }

  private async withdraw(client: OrchestratorClient): Promise<void> {
    const capability = this.options.offer.name;
    try {
      await client.unregister(capability);
      this.log.info('capability unregistered', { capability });
    } catch (error) {
      this.log.warn('capability not unregistered', { capability, detail: errorText(error) });
    }
  }
}
