import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import type { Database } from '#platform/database';

import { type Sql, selectRow, selectRows, sqlTime } from '../books/sql-rows.js';
import { keyOf } from './alert.js';
import { alertKeyRow } from './alert-rows.js';
import type { Alerts } from './alerts.js';
import { orchestratorFacts } from './facts/orchestrator-facts.js';
import { ServiceUps } from './facts/service-ups.js';
import { backlogFacts, payoutFacts } from './facts/settlement-facts.js';
import type { AlertFacts } from './rules/alert-facts.js';
import { alertRules } from './rules/alert-rules.js';
import { type AlertSettings, RECOVERY_PERIODS } from './rules/alert-settings.js';
import { type AlertChanges, type AlertState, nextAlerts } from './rules/next-alerts.js';

/** What the books do not know and a process must ask for. */
export type OutsideFacts = Pick<AlertFacts, 'chain' | 'funds' | 'reconciliation'>;

/** Any number that no other lock of these books has. */
const LOCK = 7_018_001;

const openRow = alertKeyRow.extend({ text: z.string() });
const waitingRow = alertKeyRow.extend({ holds: z.boolean(), since: sqlTime });
const nowRow = z.object({ now: sqlTime, period_seconds: z.int() });
const lockRow = z.object({ is_mine: z.boolean() });

/** Looks at the books now and then, and opens and ends the alerts that the rules ask for. */
export class AlertWatch {
  private readonly serviceUps = new ServiceUps();

  constructor(
    private readonly database: Database,
    private readonly alerts: Alerts,
    private readonly settings: AlertSettings,
  ) {}

  /** One look. False when another process is at it; the same facts give the same alerts whoever looks. */
  async look(outside: OutsideFacts): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const lock = await selectRow(tx, lockRow, 'select pg_try_advisory_xact_lock($1) as is_mine', [LOCK]);
      if (lock?.is_mine !== true) return false;
      const facts = await this.facts(tx, outside);
      const state = await readState(tx);
      await this.apply(tx, state, nextAlerts(alertRules, facts, state, this.settings));
      return true;
    });
  }

  private async facts(tx: EntityManager, outside: OutsideFacts): Promise<AlertFacts> {
    const row = await selectRow(
      tx,
      nowRow,
      'select payments.clock() as now, period_seconds from payments.book',
    );
    if (!row) throw new Error('the books have not been opened');
    const { downPeriods, unpaidPeriods } = this.settings;
    const periods = Math.max(downPeriods, unpaidPeriods, RECOVERY_PERIODS);
    return {
      nowMs: row.now.getTime(),
      periodMs: row.period_seconds * 1_000,
      orchestrators: await orchestratorFacts(tx, this.serviceUps, periods),
      payouts: await payoutFacts(tx),
      backlog: await backlogFacts(tx),
      ...outside,
    };
  }

  private async apply(tx: EntityManager, state: AlertState, changes: AlertChanges): Promise<void> {
    for (const trouble of changes.raise) await this.alerts.raise(tx, trouble);
    for (const key of changes.resolve) await this.alerts.resolve(tx, key);
    const before = new Map(state.waiting.map((each) => [keyOf(each), each]));
    for (const { kind, subject, holds, sinceMs } of changes.waiting) {
      const known = before.get(keyOf({ kind, subject }));
      before.delete(keyOf({ kind, subject }));
      if (known?.holds === holds && known.sinceMs === sinceMs) continue;
      await tx.query(
        `insert into payments.alert_condition (kind, subject, holds, since) values ($1, $2, $3, $4)
           on conflict (kind, subject) do update set holds = excluded.holds, since = excluded.since`,
        [kind, subject, holds, new Date(sinceMs)],
      );
    }
    for (const { kind, subject } of before.values()) {
      await tx.query('delete from payments.alert_condition where kind = $1 and subject = $2', [
        kind,
        subject,
      ]);
    }
  }
}

async function readState(sql: Sql): Promise<AlertState> {
  const open = await selectRows(
    sql,
    openRow,
    'select kind, subject, text from payments.alert where resolved_at is null',
  );
  const waiting = await selectRows(
    sql,
    waitingRow,
    'select kind, subject, holds, since from payments.alert_condition',
  );
  return {
    open,
    waiting: waiting.map(({ since, ...rest }) => ({ ...rest, sinceMs: since.getTime() })),
  };
}
