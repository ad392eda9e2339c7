import type { z } from 'zod';

import type { StatementHead, StatementLine } from './statement.js';
import type { lineRow } from './statement-rows.js';

const lineKinds = {
  accrual: 'accrual',
  adjustment: 'adjustment',
  reserve: 'payout',
  return: 'return',
} as const;

/** Lines with the balance after each. @throws Error at the end when they do not lead to the closing balance */
export async function* withBalance(
  { openingMicroUsd, closingMicroUsd, orchestratorId }: StatementHead,
  batches: AsyncIterable<z.output<typeof lineRow>[]>,
): AsyncGenerator<StatementLine[], void, undefined> {
  let balanceMicroUsd = openingMicroUsd;
  for await (const rows of batches) {
    yield rows.map(({ effective_at: at, kind, amount, meta }): StatementLine => {
      balanceMicroUsd += amount;
      return {
        at,
        kind: lineKinds[kind],
        periodStart: kind === 'accrual' ? at : null,
        payoutId: meta?.payoutId ?? null,
        reason: kind === 'adjustment' ? (meta?.reason ?? null) : null,
        amountMicroUsd: amount,
        balanceMicroUsd,
      };
    });
  }
  if (balanceMicroUsd !== closingMicroUsd) {
    throw new Error(`the statement of ${orchestratorId} does not add up: run ledger:verify`);
  }
}
