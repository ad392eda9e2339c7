import { z } from 'zod';

import type { Alerts } from '../alerts/alerts.js';
import { nextBoundary } from '../books/effective-time.js';
import { type Sql, selectRow } from '../books/sql-rows.js';
import type { Orchestrator } from './orchestrator.js';
import { addFact, newestFacts } from './orchestrator-facts.js';

export interface NewPayoutAddress {
  address: string | null;
  delaySeconds: number;
  actor: string;
}

/** The address that a payout reserved at this moment goes to. */
export async function payoutAddressAt(sql: Sql, orchestratorId: string, at: Date): Promise<string | null> {
  const row = await selectRow(
    sql,
    z.object({ address: z.string().nullable() }),
    `select payments.fact_at($1, 'payout_address', $2) as address`,
    [orchestratorId, at],
  );
  return row?.address ?? null;
}

/**
 * Adds a payout address that takes effect after the delay, and announces it, so that whoever did not want it has that
 * long to object. What is in force stays so until then: an address that was waiting for its time is dropped.
 */
export async function changePayoutAddress(
  tx: Sql,
  alerts: Alerts,
  orchestratorId: string,
  { address, delaySeconds, actor }: NewPayoutAddress,
): Promise<void> {
  const { now } = await nextBoundary(tx);
  const inForce = await payoutAddressAt(tx, orchestratorId, now);
  const newest = (await newestFacts(tx, orchestratorId)).get('payout_address');
  const waiting = newest && newest.effectiveFrom > now ? newest : undefined;
  if (address === (waiting ? waiting.value : inForce)) return;

  const add = (value: string | null, from: Date) =>
    addFact(tx, orchestratorId, { fact: 'payout_address', value, from, actor });
  if (waiting) await add(inForce, now);
  if (address === inForce) {
    await alerts.resolve(tx, { kind: 'payout_address_changed', subject: `orchestrator/${orchestratorId}` });
    return;
  }
  // Taking an address away stops payouts, which is always safe at once.
  const from = address === null ? now : new Date(now.getTime() + delaySeconds * 1_000);
  await add(address, from);
  await announce(tx, alerts, { orchestratorId, before: inForce, after: address, from, now, actor });
}

interface Announcement {
  orchestratorId: string;
  before: string | null;
  after: string | null;
  from: Date;
  now: Date;
  actor: string;
}

/** Open until the address is in force, which may be at once. An earlier announcement that was still open is over. */
async function announce(
  tx: Sql,
  alerts: Alerts,
  { orchestratorId, before, after, from, now, actor }: Announcement,
): Promise<void> {
  const key = { kind: 'payout_address_changed', subject: `orchestrator/${orchestratorId}` } as const;
  const destination = after ?? 'nowhere: payouts wait';
  await alerts.resolve(tx, key);
  await alerts.raise(tx, {
    ...key,
    text: `${actor} changed where it is paid from ${before ?? 'nowhere'} to ${destination}, from ${from.toISOString()} on`,
    details: { before, after, effective_from: from.toISOString(), actor },
  });
  if (from <= now) await alerts.resolve(tx, key);
}

/** What an admitted payee brought with it. */
export async function announceFirst(
  tx: Sql,
  alerts: Alerts,
  { id, payoutAddress, nextPayoutAddress, payoutAddressEffectiveFrom: from, createdAt: now }: Orchestrator,
  actor: string,
): Promise<void> {
  const after = nextPayoutAddress ?? payoutAddress;
  if (after === null || from === null) return;
  await announce(tx, alerts, { orchestratorId: id, before: null, after, from, now, actor });
}

const NAMED_IN_ALERT = 100;

/**
 * The addresses of many new payees are one act of one person: one announcement, not ten thousand that bury the others.
 * Each payee has its audit entry.
 */
export async function announceImport(
  tx: Sql,
  alerts: Alerts,
  importId: string,
  admitted: readonly Orchestrator[],
  actor: string,
): Promise<void> {
  const paid = admitted.flatMap(
    ({ id, payoutAddress, nextPayoutAddress, payoutAddressEffectiveFrom: from }) => {
      const address = nextPayoutAddress ?? payoutAddress;
      return address === null || from === null
        ? []
        : [{ orchestrator_id: id, payout_address: address, from }];
    },
  );
  const [first] = paid;
  if (!first) return;
  const from = first.from.toISOString();
  const key = { kind: 'payout_address_changed', subject: `import/${importId}` } as const;
  await alerts.raise(tx, {
    ...key,
    text: `${actor} imported ${paid.length} payees with payout addresses, in force from ${from} on`,
    details: {
      ...{ count: paid.length, effective_from: from, actor },
      first: paid.slice(0, NAMED_IN_ALERT).map(({ from: _from, ...named }) => named),
    },
  });
  if (admitted.every(({ nextPayoutAddress }) => nextPayoutAddress === null)) await alerts.resolve(tx, key);
}
