import { getAddress } from 'ethers';
import type { EntityManager } from 'typeorm';

import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import type { PaymentChannel } from './payment-channel.js';
import type { Payout } from './payout.js';
import { recordEach, selectPayouts } from './payout-rows.js';

/** A payout that is about to be made. */
export interface PayoutDraft {
  id: string;
  orchestratorId: string;
  number: bigint;
  amountMicroUsd: bigint;
  address: string | null;
  authorizationNonce: string | null;
  /** Why it is held from the beginning. */
  holdReason: string | null;
}

/** The payouts' rows, their first events, and the ledger's reserve entries. In the given order. */
export async function storePayouts(
  tx: EntityManager,
  ledger: Ledger,
  { channel, at }: { channel: PaymentChannel; at: Date },
  drafts: readonly PayoutDraft[],
): Promise<Payout[]> {
  if (drafts.length === 0) return [];
  const ids = drafts.map(({ id }) => id);
  await tx.query(
    `insert into payments.payout (id, orchestrator_id, number, amount_micro_usd, payout_address, authorization_nonce, status,
         hold_reason, method, asset, chain_id, token_address, treasury_address, created_at)
       select id, orchestrator_id, number, amount, address, nonce, case when hold_reason is null then 'reserved' else 'held' end,
              hold_reason, $8, $9, $10, $11, $12, $13
         from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[]) with ordinality
           as d (id, orchestrator_id, number, amount, address, nonce, hold_reason, position) order by position`,
    [
      ids,
      drafts.map(({ orchestratorId }) => orchestratorId),
      drafts.map(({ number }) => number.toString()),
      drafts.map(({ amountMicroUsd }) => amountMicroUsd.toString()),
      drafts.map(({ address }) => (address === null ? null : getAddress(address))),
      drafts.map(({ authorizationNonce }) => authorizationNonce),
      drafts.map(({ holdReason }) => holdReason),
      ...[channel.method, channel.asset, channel.chainId?.toString() ?? null],
      ...[channel.tokenAddress, channel.treasuryAddress, at],
    ],
  );
  for (const draft of drafts) await postReservation(tx, ledger, at, draft);
  const free = drafts.filter(({ holdReason }) => holdReason === null).map(({ id }) => id);
  await recordEach(
    tx,
    free,
    'reserved',
    free.map(() => 'reserved for settlement'),
  );
  const held = drafts.filter(({ holdReason }) => holdReason !== null);
  await recordEach(
    tx,
    held.map(({ id }) => id),
    'held',
    held.map(({ holdReason }) => holdReason ?? ''),
  );
  const stored = new Map(
    (await selectPayouts(tx, 'where id = any ($1::uuid[])', [ids])).map((payout) => [payout.id, payout]),
  );
  return ids.flatMap((id) => stored.get(id) ?? []);
}

async function postReservation(
  tx: EntityManager,
  ledger: Ledger,
  at: Date,
  { id, orchestratorId, amountMicroUsd }: PayoutDraft,
): Promise<void> {
  await ledger.post(tx, {
    kind: 'reserve',
    idempotencyKey: `payout/${id}/reserve`,
    effectiveAt: at,
    transfers: [
      {
        debit: account.payable(orchestratorId),
        credit: account.inSettlement(orchestratorId),
        amountMicroUsd,
      },
    ],
    meta: { payoutId: id },
  });
}
