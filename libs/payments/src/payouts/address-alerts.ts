import { z } from 'zod';

import type { Alerts } from '../alerts/alerts.js';
import { type Sql, selectRows } from '../books/sql-rows.js';
import { formatUsd } from '../money/micro-usd.js';
import type { PayablePayee } from './payable-payees.js';

const missing = 'payout_address_missing';

/**
 * An alert for each payee whose payout waits for an address, closed once there is one. Nothing is written while nothing
 * changes, however often this is called. Of a list that was cut short nobody is taken to have an address.
 */
export async function alertMissingAddresses(
  tx: Sql,
  alerts: Alerts,
  waiting: readonly PayablePayee[],
  { isWhole }: { isWhole: boolean },
): Promise<void> {
  const subjectOf = ({ orchestratorId }: PayablePayee) => `orchestrator/${orchestratorId}`;
  const open = new Set((await alerts.open(tx, [missing])).map(({ subject }) => subject));
  const now = new Set(waiting.map(subjectOf));
  for (const payee of waiting) {
    const subject = subjectOf(payee);
    if (open.has(subject)) continue;
    await alerts.raise(tx, {
      ...{ kind: missing, subject },
      text: `$${formatUsd(payee.payableMicroUsd)} is payable, but no payout address is in force: the payout waits`,
      details: { payable_usd: formatUsd(payee.payableMicroUsd) },
    });
  }
  if (!isWhole) return;
  for (const subject of open) if (!now.has(subject)) await alerts.resolve(tx, { kind: missing, subject });
}

const overRow = z.object({ subject: z.string() });

/** A changed address that has taken effect is history. */
export async function closeAnnouncements(tx: Sql, alerts: Alerts): Promise<void> {
  const over = await selectRows(
    tx,
    overRow,
    `select subject from payments.alert where kind = 'payout_address_changed' and resolved_at is null
       and (details ->> 'effective_from')::timestamptz <= payments.clock()`,
  );
  for (const { subject } of over) await alerts.resolve(tx, { kind: 'payout_address_changed', subject });
}
