import { type OutsideFacts, ReconciliationRuns, Settler } from '#payments';
import { FactLogger } from '#platform';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';

/** The runway is several questions to a node, which belongs to somebody else, and a sum over a day. */
const LOOKS_PER_READING = 5;
/** A look must not wait for a node that hangs. */
const limitMs = 10_000;

/** What the alerts must know and the books do not: asked for now and then, kept in between, unknown when it fails. */
@Injectable()
export class OutsideFactsReader {
  private readonly log = new FactLogger('alerts');
  private funds: Kept<OutsideFacts['funds']> = { atMs: -Infinity, value: undefined };

  constructor(
    private readonly settler: Settler,
    private readonly runs: ReconciliationRuns,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  /** As last read; undefined while it is not known. */
  get knownFunds(): OutsideFacts['funds'] {
    return this.funds.value;
  }

  async read(signal: AbortSignal): Promise<OutsideFacts> {
    const chain = this.settler.state();
    if (chain.state === 'off') return { chain, funds: undefined, reconciliation: undefined };
    const run = await this.runs.latest();
    const reconciliation = run && { atMs: run.at.getTime(), differences: run.differences };
    if (chain.state === 'ready') await this.refreshFunds(signal);
    // What was known before the chain went away says nothing about now.
    else this.funds = { atMs: -Infinity, value: undefined };
    return { chain, funds: this.funds.value, reconciliation };
  }

  private async refreshFunds(signal: AbortSignal): Promise<void> {
    const { patienceMs } = this.config.alerts.settings;
    const nowMs = performance.now();
    if (nowMs - this.funds.atMs < patienceMs * LOOKS_PER_READING) return;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      this.funds = { atMs: nowMs, value: (await this.settler.runway(limit)) ?? undefined };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn('runway not read', { reason });
      this.funds = { atMs: nowMs, value: undefined };
    }
  }
}

interface Kept<T> {
  atMs: number;
  value: T;
}
