import { alertKinds, Balances, type OperatingFacts, OperatingFactsReader, traitsOf } from '#payments';
import { MetricsRegistry } from '#platform';
import { Inject, Injectable } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { BooksOpening } from '../schedules/books-opening.js';
import { FactGauges } from './fact-gauges.js';
import { readOnce } from './reading.js';

const microPerUsd = 1_000_000;
/** Series by orchestrator: of more, those that matter most. */
export const MOST_ORCHESTRATORS = 500;

const payoutStatuses = ['reserved', 'held', 'sent', 'mined'];

/** Facts of the books, read when Prometheus asks. Gauges are floats: for looking, never for counting money. */
@Injectable()
export class BooksMetrics {
  constructor(
    registry: MetricsRegistry,
    opening: BooksOpening,
    operating: OperatingFactsReader,
    balances: Balances,
    @Inject(DISTRIBUTOR_CONFIG) config: DistributorConfig,
  ) {
    const read = readOnce(async () => (opening.isOpen ? operating.read() : undefined));
    const gauges = new FactGauges<OperatingFacts>(registry, read);
    this.showAges(gauges);
    this.showCounts(gauges);
    gauges.one(
      'distributor_last_period_end_timestamp_seconds',
      'End of the newest period that was decided, by this host',
      ({ lastPeriodAge }) => (lastPeriodAge === null ? null : Date.now() / 1_000 - lastPeriodAge),
    );
    if (config.metrics.token !== undefined) showAmounts(registry, opening, balances);
  }

  private showAges(gauges: FactGauges<OperatingFacts>): void {
    const age = (name: string, help: string, value: (facts: OperatingFacts) => number | null) => {
      gauges.one(`distributor_${name}_age_seconds`, help, (facts) => {
        const seconds = value(facts);
        return seconds === null ? null : Math.max(0, seconds);
      });
    };
    age('last_assessed_period', 'Since the end of the newest period that was judged', (f) => f.lastPeriodAge);
    age('last_paid_payout', 'Since the newest payout that is paid', (f) => f.lastPaidPayoutAge);
    age('last_final_settlement', 'Since a tx of ours was last final', (f) => f.lastFinalSettlementAge);
    age('last_reconciliation', 'Since ledger and chain were last compared', (f) => f.lastReconciliationAge);
    age('last_seal', 'Since the books were last sealed', (f) => f.lastSealAge);
    age(
      'oldest_pending_period',
      'Since the end of the oldest period that is not judged; 0: none waits',
      (f) => f.oldestPendingPeriodAge ?? 0,
    );
    age(
      'oldest_open_payout',
      'Since the oldest payout was made that is neither paid nor given back; 0: none is open',
      (f) => f.oldestOpenPayoutAge ?? 0,
    );
    age(
      'oldest_undelivered_alert',
      'Since the oldest event was made that a channel has not taken; 0: none waits',
      (f) => f.oldestUndeliveredAlertAge ?? 0,
    );
  }

  private showCounts(gauges: FactGauges<OperatingFacts>): void {
    gauges.one(
      'distributor_pending_periods',
      'Periods that have ended and are not judged',
      (f) => f.pendingPeriods,
    );
    gauges.one(
      'distributor_reconciliation_differences',
      'Differences that the last comparison of ledger and chain found',
      (f) => f.reconciliationDifferences,
    );
    gauges.many('distributor_open_payouts', 'Payouts that are neither paid nor given back', ['status'], (f) =>
      payoutStatuses.map((status) => [
        { status },
        f.openPayouts.find((each) => each.status === status)?.count ?? 0,
      ]),
    );
    gauges.many(
      'distributor_last_period_assessments',
      'Orchestrators by what became of them in the newest judged period',
      ['decision', 'reason'],
      (f) => f.lastPeriod.map(({ decision, reason, count }) => [{ decision, reason }, count]),
    );
    gauges.many('distributor_open_alerts', 'Alerts that are open', ['kind', 'severity'], (f) =>
      alertKinds.map((kind) => [
        { kind, severity: traitsOf(kind).severity },
        f.openAlerts.find((each) => each.kind === kind)?.count ?? 0,
      ]),
    );
    gauges.many(
      'distributor_pending_alert_deliveries',
      'Events that a channel has not taken yet',
      ['channel'],
      (f) => f.deliveries.map(({ channel, count }) => [{ channel }, count]),
    );
  }
}

function showAmounts(registry: MetricsRegistry, opening: BooksOpening, balances: Balances): void {
  const usd = (microUsd: bigint) => Number(microUsd) / microPerUsd;
  const read = readOnce(async () => (opening.isOpen ? balances.list() : undefined));
  const gauges = new FactGauges(registry, read);
  gauges.many(
    'distributor_balance_usd',
    'Where the money of an orchestrator is; of many orchestrators those who are owed most',
    ['orchestrator_id', 'place'],
    (all) =>
      [...all]
        .sort((a, b) => Number(b.payableMicroUsd - a.payableMicroUsd))
        .slice(0, MOST_ORCHESTRATORS)
        .flatMap(({ orchestratorId: id, payableMicroUsd, inSettlementMicroUsd, paidMicroUsd }) => [
          [{ orchestrator_id: id, place: 'payable' }, usd(payableMicroUsd)],
          [{ orchestrator_id: id, place: 'in_settlement' }, usd(inSettlementMicroUsd)],
          [{ orchestrator_id: id, place: 'paid' }, usd(paidMicroUsd)],
        ]),
  );
  gauges.many('distributor_balances_usd', 'Where all the money is', ['place'], (all) => [
    [{ place: 'payable' }, usd(all.reduce((sum, each) => sum + each.payableMicroUsd, 0n))],
    [{ place: 'in_settlement' }, usd(all.reduce((sum, each) => sum + each.inSettlementMicroUsd, 0n))],
    [{ place: 'paid' }, usd(all.reduce((sum, each) => sum + each.paidMicroUsd, 0n))],
  ]);
}
