import { account, Ledger } from '#payments';
import { delay } from '#platform';
import { randomBytes, randomUUID } from 'node:crypto';
import { getAddress, hexlify } from 'ethers';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

const LOOK_EVERY_MS = 100;
const LIMIT_MS = 180_000;
const countRow = z.tuple([z.object({ open: z.int(), paid: z.int() })]);

/** Orchestrators with an address that nobody has used before. */
export async function addPayees(owner: DataSource, count: number): Promise<string[]> {
  const payees = Array.from({ length: count }, () => ({
    id: randomUUID(),
    address: getAddress(hexlify(randomBytes(20))),
  }));
  await owner.query(
    `with given as (select * from unnest($1::uuid[], $2::text[]) as g (id, address)),
     record as (insert into payments.orchestrator (id, service_uri, origin)
                  select id, 'https://' || id || ':8935', 'rest' from given)
     insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
       select id, 'payout_address', address, now() - interval '1 day', 'bench' from given`,
    [payees.map(({ id }) => id), payees.map(({ address }) => address)],
  );
  return payees.map(({ id }) => id);
}

/** Each of them is owed ten dollars more, from one moment on. */
export async function oweEach(owner: DataSource, payees: readonly string[]): Promise<void> {
  await owner.transaction((tx) =>
    new Ledger().post(tx, {
      kind: 'accrual',
      idempotencyKey: `bench/${randomUUID()}`,
      effectiveAt: new Date(),
      transfers: payees.map((id) => ({
        debit: account.rewards(id),
        credit: account.payable(id),
        amountMicroUsd: 10_000_000n,
      })),
    }),
  );
}

/** Waits until the books hold so many payouts, all of them paid; returns how long it took. */
export async function untilPaid(owner: DataSource, payouts: number): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < LIMIT_MS) {
    const [{ open, paid }] = countRow.parse(
      await owner.query(
        `select count(*) filter (where status <> 'paid')::int as open,
                count(*) filter (where status = 'paid')::int as paid from payments.payout`,
      ),
    );
    if (open === 0 && paid === payouts) return performance.now() - startedAt;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`${payouts} payouts were not final within three minutes`);
}
