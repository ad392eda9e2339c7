import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { alertKinds, type AlertKind } from '../alerts/alert-kinds.js';
import { ready } from '../books/ready.js';
import { selectRow, selectRows } from '../books/sql-rows.js';

/** How old the newest of something is, or the oldest that waits; in seconds by the database's clock, null without any. */
export interface OperatingFacts {
  lastPeriodAge: number | null;
  lastPaidPayoutAge: number | null;
  lastFinalSettlementAge: number | null;
  lastReconciliationAge: number | null;
  lastSealAge: number | null;
  oldestPendingPeriodAge: number | null;
  oldestOpenPayoutAge: number | null;
  oldestUndeliveredAlertAge: number | null;
  pendingPeriods: number;
  /** Of the last reconciliation; null before the first. */
  reconciliationDifferences: number | null;
  openPayouts: { status: string; count: number }[];
  lastPeriod: { decision: string; reason: string; count: number }[];
  openAlerts: { kind: AlertKind; count: number }[];
  deliveries: { channel: string; count: number }[];
}

const age = z.number().nullable();
const count = z.int();

const factsRow = z.object({
  last_period: age,
  last_paid: age,
  last_final: age,
  last_reconciliation: age,
  last_seal: age,
  oldest_period: age,
  oldest_payout: age,
  oldest_delivery: age,
  periods: count,
  differences: count.nullable(),
});

const statusRow = z.object({ status: z.string(), count });
const decisionRow = z.object({ decision: z.string(), reason: z.string(), count });
const kindRow = z.object({ kind: z.enum(alertKinds), count });
const channelRow = z.object({ channel: z.string(), count });

const secondsSince = (time: string): string => `extract(epoch from payments.clock() - (${time}))::float8`;

/** What an operator's graphs are drawn from; cheap enough to be read with every scrape. */
@Injectable()
export class OperatingFactsReader {
  constructor(private readonly database: Database) {}

  async read(): Promise<OperatingFacts> {
    const sql = ready(this.database);
    const row = await selectRow(
      sql,
      factsRow,
      `select ${secondsSince('select period_end from payments.assessment order by period_start desc, orchestrator_id desc limit 1')} as last_period,
              ${secondsSince('select max(paid_at) from (select paid_at from payments.payout order by created_at desc limit 1000) p')} as last_paid,
              ${secondsSince('select max(final_at) from (select final_at from payments.settlement order by created_at desc limit 100) s')} as last_final,
              ${secondsSince('select max(at) from payments.reconciliation_run')} as last_reconciliation,
              ${secondsSince('select sealed_at from ledger.seal order by sequence desc limit 1')} as last_seal,
              ${secondsSince("select min(created_at) from payments.payout where status not in ('paid', 'returned')")} as oldest_payout,
              ${secondsSince("select min(created_at) from payments.alert_delivery where status = 'pending'")} as oldest_delivery,
              (select jsonb_array_length(differences) from payments.reconciliation_run order by at desc, id desc limit 1) as differences,
              ${secondsSince('w.oldest')} as oldest_period, w.periods
         from (select min(period_end) as oldest, count(*)::int as periods from payments.pending_assessment
                where period_end <= payments.clock()) w`,
    );
    if (!row) throw new Error('unreachable: one row of aggregates');
    return {
      lastPeriodAge: row.last_period,
      lastPaidPayoutAge: row.last_paid,
      lastFinalSettlementAge: row.last_final,
      lastReconciliationAge: row.last_reconciliation,
      lastSealAge: row.last_seal,
      oldestPendingPeriodAge: row.oldest_period,
      oldestOpenPayoutAge: row.oldest_payout,
      oldestUndeliveredAlertAge: row.oldest_delivery,
      pendingPeriods: row.periods,
      reconciliationDifferences: row.differences,
      openPayouts: await selectRows(
        sql,
        statusRow,
        `select status, count(*)::int as count from payments.payout where status not in ('paid', 'returned') group by 1`,
      ),
      lastPeriod: await selectRows(
        sql,
        decisionRow,
        `select decision, coalesce(reason, '') as reason, count(*)::int as count from payments.assessment
          where period_start = (select period_start from payments.assessment
                                 order by period_start desc, orchestrator_id desc limit 1) group by 1, 2`,
      ),
      openAlerts: await selectRows(
        sql,
        kindRow,
        'select kind, count(*)::int as count from payments.alert where resolved_at is null group by 1',
      ),
      deliveries: await selectRows(
        sql,
        channelRow,
        `select channel, count(*)::int as count from payments.alert_delivery where status = 'pending' group by 1`,
      ),
    };
  }
}
