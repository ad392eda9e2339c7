import { Settler } from '#payments';
import { MetricsRegistry } from '#platform';
import { Database } from '#platform/database';
import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { OutsideFactsReader } from '../alerts/outside-facts.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { AssessPeriodsSchedule } from '../schedules/assess-periods.schedule.js';
import { SettleBalancesSchedule } from '../schedules/settle-balances.schedule.js';
import { CurrentStatusReader } from '../status/current-status.js';
import { readVersion } from '../version.js';
import { MOST_ORCHESTRATORS } from './books.metrics.js';
import { FactGauges } from './fact-gauges.js';

const secondsPerHour = 3_600;
const airStates = ['on_air', 'degraded', 'off_air', 'unknown', 'waiting', 'paused'] as const;

/** What this process knows of itself and of what it depends on. */
@Injectable()
export class ProcessMetrics {
  constructor(
    private readonly registry: MetricsRegistry,
    database: Database,
    private readonly settler: Settler,
    assessing: AssessPeriodsSchedule,
    settling: SettleBalancesSchedule,
    outside: OutsideFactsReader,
    status: CurrentStatusReader,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {
    new Gauge({
      name: 'distributor_build_info',
      help: '1; the version is a label',
      labelNames: ['version'],
      registers: [registry],
    }).set({ version: readVersion() }, 1);
    new Gauge({
      name: 'distributor_database_up',
      help: '1 while the database answers',
      registers: [registry],
      async collect() {
        this.set(
          await database.ping().then(
            () => 1,
            () => 0,
          ),
        );
      },
    });
    new FactGauges(registry, () =>
      Promise.resolve({ assessment: assessing.outcome, settlement: settling.outcome }),
    ).many(
      'distributor_last_turn_age_seconds',
      'Since a turn of this work last ended well in this process',
      ['turn'],
      (outcomes) =>
        Object.entries(outcomes).flatMap(([turn, { lastSuccessAtMs }]) =>
          lastSuccessAtMs === undefined
            ? []
            : [[{ turn }, Math.max(0, Date.now() - lastSuccessAtMs) / 1_000]],
        ),
    );
    this.showChain(outside);
    const air = new FactGauges(registry, async () => (database.isReady ? status.read() : undefined));
    air.many('distributor_orchestrators', 'Orchestrators that are not archived', ['state'], (now) =>
      airStates.map((state) => [
        { state },
        now.orchestrators.filter((orchestrator) => orchestrator.state === state).length,
      ]),
    );
    air.many(
      'distributor_orchestrator_uptime_ratio',
      'Uptime in the newest judged period, from 0 to 1; of many orchestrators the worst',
      ['orchestrator_id', 'orchestrator'],
      (now) =>
        now.orchestrators
          .flatMap(({ id, name, uptimePercentage }) =>
            uptimePercentage === null ? [] : [{ id, name, ratio: uptimePercentage / 100 }],
          )
          .sort((a, b) => a.ratio - b.ratio)
          .slice(0, MOST_ORCHESTRATORS)
          .map(({ id, name, ratio }) => [{ orchestrator_id: id, orchestrator: name }, ratio]),
    );
  }

  private showChain(outside: OutsideFactsReader): void {
    if (this.config.settlement.method === 'ledger') return;
    const chain = new FactGauges(this.registry, () =>
      Promise.resolve({ state: this.settler.state().state, funds: outside.knownFunds }),
    );
    chain.one('distributor_chain_ready', '1 while settlement may go on', ({ state }) =>
      state === 'ready' ? 1 : 0,
    );
    const seconds = (hours: number | null | undefined) =>
      hours === null || hours === undefined ? null : hours * secondsPerHour;
    chain.one(
      'distributor_treasury_runway_seconds',
      'For how long the treasury lasts at the pay of the last day; absent while nothing was earned',
      ({ funds }) => seconds(funds?.payHours),
    );
    chain.one(
      'distributor_gas_runway_seconds',
      'For how long the gas lasts at the use of the last day; absent while none was used',
      ({ funds }) => seconds(funds?.gasHours),
    );
    if (this.config.metrics.token === undefined) return;
    chain.one('distributor_treasury_usd', 'What the treasury holds', ({ funds }) =>
      funds === undefined ? null : Number(funds.treasuryMicroUsd) / 1_000_000,
    );
  }
}
