import { type OutsideFacts, readSpending, Reconciliation, Settler } from '#payments';
import { FactLogger } from '#platform';
import { Database } from '#platform/database';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';

/** Each is several questions to a node, which belongs to somebody else. */
const reconcileEveryMs = 600_000;
/** A look must not wait for a node that hangs. */
const limitMs = 10_000;

/** What the alerts must know and the books do not: asked for now and then, kept in between, unknown when it fails. */
@Injectable()
export class OutsideFactsReader {
  private readonly log = new FactLogger('alerts');
  private funds: Kept<OutsideFacts['funds']> = { atMs: -Infinity, value: undefined };
  private reconciliation: Kept<OutsideFacts['reconciliation']> = { atMs: -Infinity, value: undefined };

  constructor(
    private readonly settler: Settler,
    private readonly reconciling: Reconciliation,
    private readonly database: Database,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  async read(signal: AbortSignal): Promise<OutsideFacts> {
    const chain = this.settler.state();
    if (chain.state === 'off') return { chain, funds: undefined, reconciliation: undefined };
    if (chain.state === 'ready') {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      const { patienceMs } = this.config.alerts.settings;
      this.funds = await this.refresh(this.funds, patienceMs, 'funds', () => this.readFunds(limit));
      this.reconciliation = await this.refresh(
        this.reconciliation,
        Math.min(reconcileEveryMs, patienceMs * 10),
        'reconciliation',
        async () => {
          const { differences } = await this.reconciling.run(limit);
          return { atMs: Date.now(), differences };
        },
      );
    }
    return { chain, funds: this.funds.value, reconciliation: this.reconciliation.value };
  }

  private async readFunds(signal: AbortSignal): Promise<OutsideFacts['funds']> {
    const funds = await this.settler.funds(signal);
    return funds === null ? undefined : { ...funds, ...(await readSpending(this.database.dataSource)) };
  }

  private async refresh<T>(
    kept: Kept<T>,
    everyMs: number,
    what: string,
    read: () => Promise<T>,
  ): Promise<Kept<T | undefined>> {
    const nowMs = performance.now();
    if (nowMs - kept.atMs < everyMs) return kept;
    try {
      return { atMs: nowMs, value: await read() };
    } catch (error) {
      this.log.warn('fact for alerts not read', {
        what,
        error: error instanceof Error ? error.message : String(error),
      });
      return { atMs: nowMs, value: undefined };
    }
  }
}

interface Kept<T> {
  atMs: number;
  value: T;
}
