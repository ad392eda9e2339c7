import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRows, sqlBigint } from '../books/sql-rows.js';

/** Where an orchestrator's money is: accrued + adjusted = payable + in settlement + paid. */
export interface Balance {
  orchestratorId: string;
  accruedMicroUsd: bigint;
  adjustedMicroUsd: bigint;
  payableMicroUsd: bigint;
  inSettlementMicroUsd: bigint;
  paidMicroUsd: bigint;
}

const balanceRow = z.object({
  id: z.uuid(),
  accrued: sqlBigint,
  adjusted: sqlBigint,
  payable: sqlBigint,
  in_settlement: sqlBigint,
});

/** An account is only ever joined to the other accounts of its orchestrator or to a treasury: the rest has been paid. */
const balanceQuery = `
  select o.id, coalesce(rewards.amount, 0) as accrued, coalesce(adjustments.amount, 0) as adjusted,
         coalesce(payable.amount, 0) as payable, coalesce(settling.amount, 0) as in_settlement
    from payments.orchestrator o
    ${[
      ['rewards', 'expense:rewards:'],
      ['adjustments', 'expense:adjustments:'],
      ['payable', 'liability:payable:'],
      ['settling', 'liability:in_settlement:'],
    ]
      .map(
        ([name, prefix]) => `left join lateral (
      select a.normal * (b.debits - b.credits) as amount
        from ledger.account a join ledger.account_balance b on b.account_id = a.id
       where a.code = '${prefix}' || o.id::text) ${name} on true`,
      )
      .join('\n    ')}
   order by o.created_at, o.id`;

@Injectable()
export class Balances {
  constructor(private readonly database: Database) {}

  /** Every orchestrator ever paid or owed, archived ones too, oldest first. */
  async list(): Promise<Balance[]> {
    const rows = await selectRows(ready(this.database), balanceRow, balanceQuery);
    return rows.map((row) => ({
      orchestratorId: row.id,
      accruedMicroUsd: row.accrued,
      adjustedMicroUsd: row.adjusted,
      payableMicroUsd: row.payable,
      inSettlementMicroUsd: row.in_settlement,
      paidMicroUsd: row.accrued + row.adjusted - row.payable - row.in_settlement,
    }));
  }
}
