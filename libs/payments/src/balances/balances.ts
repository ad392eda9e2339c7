import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';

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
  created_at: sqlTime,
  accrued: sqlBigint,
  adjusted: sqlBigint,
  payable: sqlBigint,
  in_settlement: sqlBigint,
});

/** An account is only ever joined to the other accounts of its orchestrator or to a treasury: the rest has been paid. */
const balanceQuery = `
  select o.id, o.created_at, coalesce(rewards.amount, 0) as accrued, coalesce(adjustments.amount, 0) as adjusted,
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
   where ($1::uuid is null or o.id = $1) and ($2::timestamptz is null or (o.created_at, o.id) > ($2, $3::uuid))
   order by o.created_at, o.id limit $4`;

const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

type Row = z.output<typeof balanceRow>;

const toBalance = (row: Row): Balance => ({
  orchestratorId: row.id,
  accruedMicroUsd: row.accrued,
  adjustedMicroUsd: row.adjusted,
  payableMicroUsd: row.payable,
  inSettlementMicroUsd: row.in_settlement,
  paidMicroUsd: row.accrued + row.adjusted - row.payable - row.in_settlement,
});

@Injectable()
export class Balances {
  constructor(private readonly database: Database) {}

  /** Every orchestrator ever paid or owed, archived ones too, oldest first. */
  async list(): Promise<Balance[]> {
    return (await this.read([null, null, null, null])).map(toBalance);
  }

  /** The same, page by page. */
  async page(request: PageRequest & { orchestratorId?: string | undefined } = {}): Promise<Page<Balance>> {
    const limit = pageLimit(request);
    const [createdAt, id] = decodeCursor(request, cursorKey) ?? [];
    const rows = await this.read([request.orchestratorId ?? null, createdAt ?? null, id ?? null, limit + 1]);
    const { items, nextCursor } = toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id]);
    return { items: items.map(toBalance), nextCursor };
  }

  private read(parameters: readonly unknown[]): Promise<Row[]> {
    return selectRows(ready(this.database), balanceRow, balanceQuery, parameters);
  }
}
