import { isDeepStrictEqual } from 'node:util';

import type { Expectation, JudgedPeriod } from './judge-periods.js';
import type { PayerApi, Reconciliation } from './payer-api.js';
import { until } from './until.js';

const catchUpLimitMs = 120_000;
const settleLimitMs = 120_000;

/** When every period that is expected has been decided, or the time is over: then what is missing is missing. */
export async function untilJudged(
  api: PayerApi,
  expectations: readonly Expectation[],
): Promise<JudgedPeriod[]> {
  let judged: JudgedPeriod[] = [];
  const isDecided = ({ orchestratorId, periods }: Expectation) =>
    judged.some(({ orchestratorId: id, endMs }) => id === orchestratorId && endMs >= periods.toMs) &&
    judged.every(
      ({ orchestratorId: id, decision, endMs }) =>
        id !== orchestratorId || decision !== 'pending' || endMs > periods.toMs,
    );
  await until('the last period to be judged', catchUpLimitMs, async () => {
    judged = await api.judged();
    return expectations.every(isDecided) ? true : undefined;
  }).catch(() => undefined);
  return judged;
}

/**
 * A moment in which no payout is under way, everybody has what the books call paid, and ledger and chain agree.
 * @param balanceOf what the token says that an address has, in micro-dollars
 */
export async function untilSettled(
  api: PayerApi,
  balanceOf: (address: string) => Promise<bigint>,
): Promise<{ reconciliation: Reconciliation; paidMicroUsd: bigint }> {
  const addresses = new Map(
    (await api.orchestrators()).map(({ id, payout_address }) => [id, payout_address]),
  );
  return until('books that agree with the chain, with no payout under way', settleLimitMs, async () => {
    const before = await api.balances();
    const underWay = before.filter(({ in_settlement_usd }) => in_settlement_usd !== 0n);
    if (underWay.length > 0) throw new Error(`${underWay.length} payees have a payout under way`);
    for (const { orchestrator_id, paid_usd } of before) {
      const address = addresses.get(orchestrator_id) ?? null;
      const received = address === null ? 0n : await balanceOf(address);
      if (received !== paid_usd)
        throw new Error(`${orchestrator_id} was paid ${paid_usd} and has ${received}`);
    }
    const reconciliation = await api.reconciliation();
    if (!reconciliation.ok) throw new Error(JSON.stringify(reconciliation.differences));
    if (!isDeepStrictEqual(paidOf(await api.balances()), paidOf(before)))
      throw new Error('a payout came between');
    return { reconciliation, paidMicroUsd: before.reduce((sum, { paid_usd }) => sum + paid_usd, 0n) };
  });
}

const paidOf = (balances: readonly { paid_usd: bigint; in_settlement_usd: bigint }[]) =>
  balances.map(({ paid_usd, in_settlement_usd }) => [paid_usd, in_settlement_usd]);
