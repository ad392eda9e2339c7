import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { AuditLog } from '../audit/audit-log.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { lockBook } from '../books/books.js';
import { effectiveFrom } from '../books/effective-time.js';
import { NotFoundError, RuleError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { formatUsd } from '../money/micro-usd.js';
import { requireRate } from './rate-rules.js';

/** One version. It holds from `effectiveFrom` until the next version of the same orchestrator (or default). */
export interface Rate {
  id: string;
  /** Null: the default. */
  orchestratorId: string | null;
  /** Null: this orchestrator follows the default again. */
  microUsdPerMinute: bigint | null;
  effectiveFrom: Date;
  createdAt: Date;
  actor: string;
}

export interface RateChange {
  microUsdPerMinute: bigint | null;
  /** A boundary of a period, not before the next one, which is meant when absent. */
  effectiveFrom?: Date | undefined;
}

export interface RateInForce {
  id: string;
  microUsdPerMinute: bigint;
}

const rateRow = z.object({
  id: sqlBigint,
  orchestrator_id: z.uuid().nullable(),
  micro_usd_per_minute: sqlBigint.nullable(),
  effective_from: sqlTime,
  created_at: sqlTime,
  actor: z.string(),
});
const inForceRow = z.object({ rate_id: sqlBigint, micro_usd_per_minute: sqlBigint });

const toRate = (row: z.output<typeof rateRow>): Rate => ({
  id: row.id.toString(),
  orchestratorId: row.orchestrator_id,
  microUsdPerMinute: row.micro_usd_per_minute,
  effectiveFrom: row.effective_from,
  createdAt: row.created_at,
  actor: row.actor,
});

const columns = 'id, orchestrator_id, micro_usd_per_minute, effective_from, created_at, actor';

/** What a minute is worth, versioned: the past keeps the rate that was in force. */
@Injectable()
export class Rates {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
  ) {}

  /** Every version, the newest record first. */
  async list(request: PageRequest & { orchestratorId?: string } = {}): Promise<Page<Rate>> {
    const limit = pageLimit(request);
    const [before] = decodeCursor(request, z.tuple([sqlBigint])) ?? [null];
    const rows = await selectRows(
      ready(this.database),
      rateRow,
      `select ${columns} from payments.rate
        where ($1::bigint is null or id < $1) and ($2::uuid is null or orchestrator_id = $2)
        order by id desc limit $3`,
      [before?.toString() ?? null, request.orchestratorId ?? null, limit + 1],
    );
    return toPage(rows.map(toRate), limit, ({ id }) => [id]);
  }

  /** @throws RuleError */
  async setDefault(change: RateChange, actor: string): Promise<Rate> {
    if (change.microUsdPerMinute === null)
      throw new RuleError('the default needs an amount', 'usd_per_minute');
    return this.database.transaction((tx) => this.insert(tx, null, change, actor));
  }

  /** @throws RuleError, NotFoundError */
  async setFor(orchestratorId: string, change: RateChange, actor: string): Promise<Rate> {
    return this.database.transaction((tx) => this.insert(tx, orchestratorId, change, actor));
  }

  /** The rate of an orchestrator (or the default) at a moment. */
  async inForce(orchestratorId: string | null, at: Date): Promise<RateInForce> {
    return this.inForceWithin(ready(this.database), orchestratorId, at);
  }

  /** Adds a version within the caller's transaction. `field` is what the caller calls the amount. */
  async insert(
    tx: Sql,
    orchestratorId: string | null,
    change: RateChange,
    actor: string,
    field = 'usd_per_minute',
  ): Promise<Rate> {
    const { microUsdPerMinute } = change;
    if (microUsdPerMinute !== null) requireRate(microUsdPerMinute, this.options.maxRateMicroUsd, field);
    const { periodSeconds } = await lockBook(tx);
    if (orchestratorId !== null) {
      const known = await selectRow(tx, z.object({}), 'select 1 from payments.orchestrator where id = $1', [
        orchestratorId,
      ]);
      if (!known) throw new NotFoundError('orchestrator', orchestratorId);
    }
    const from = await effectiveFrom(tx, change.effectiveFrom, periodSeconds);
    const before = await this.inForceWithin(tx, orchestratorId, from);
    const row = await selectRow(
      tx,
      rateRow,
      `insert into payments.rate (orchestrator_id, micro_usd_per_minute, effective_from, actor)
         values ($1, $2, $3, $4) returning ${columns}`,
      [orchestratorId, microUsdPerMinute?.toString() ?? null, from, actor],
    );
    if (!row) throw new Error('the rate was not stored');
    await this.audit.record(tx, {
      actor,
      action: 'rate changed',
      subject: orchestratorId === null ? 'rate/default' : `orchestrator/${orchestratorId}`,
      before: { usd_per_minute: formatUsd(before.microUsdPerMinute) },
      after: {
        usd_per_minute: microUsdPerMinute === null ? null : formatUsd(microUsdPerMinute),
        effective_from: from.toISOString(),
      },
    });
    return toRate(row);
  }

  private async inForceWithin(sql: Sql, orchestratorId: string | null, at: Date): Promise<RateInForce> {
    const row = await selectRow(sql, inForceRow, 'select * from payments.rate_at($1, $2)', [
      orchestratorId,
      at,
    ]);
    if (!row) throw new Error('the books have not been opened: there is no rate');
    return { id: row.rate_id.toString(), microUsdPerMinute: row.micro_usd_per_minute };
  }
}
