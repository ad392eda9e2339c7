import { z } from 'zod';

import type { Alerts } from '../alerts/alerts.js';
import { type Sql, selectRows } from '../books/sql-rows.js';
import { formatUsd } from '../money/micro-usd.js';
import type { WaitingPayee } from './payable-payees.js';
import { noAddress, waitsFor } from './payment-channel.js';

const missing = 'payout_address_missing';
const openRow = z.object({ subject: z.string(), reason: z.string().nullable() });

/**
 * An alert for each payee whose payout waits for an address, or for one that is not our own, closed once there is one.
 * Nothing is written while nothing changes, however often this is called. Of a list that was cut short nobody is taken to have an address.
 */
export async function alertMissingAddresses(
  tx: Sql,
  alerts: Alerts,
  waiting: readonly WaitingPayee[],
  { isWhole, neverPaid }: { isWhole: boolean; neverPaid: ReadonlyMap<string, string> },
): Promise<void> {
  const subjectOf = ({ orchestratorId }: WaitingPayee) => `orchestrator/${orchestratorId}`;
  const rows = await selectRows(
    tx,
    openRow,
    `select subject, details ->> 'reason' as reason from payments.alert where kind = $1 and resolved_at is null`,
    [missing],
  );
  const open = new Map(rows.map(({ subject, reason }) => [subject, reason]));
  const now = new Set(waiting.map(subjectOf));
  for (const payee of waiting) {
    const subject = subjectOf(payee);
    const reason = waitsFor(neverPaid, payee.address) ?? noAddress;
    if (open.get(subject) === reason) continue;
    const payableUsd = formatUsd(payee.payableMicroUsd);
    await alerts.raise(tx, {
      ...{ kind: missing, subject },
      text: `$${payableUsd} is payable, but ${reason}: the payout waits`,
      details: { payable_usd: payableUsd, reason },
    });
  }
  if (!isWhole) return;
  for (const subject of open.keys())
    if (!now.has(subject)) await alerts.resolve(tx, { kind: missing, subject });
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
