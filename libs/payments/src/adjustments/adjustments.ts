import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { Database } from '#platform/database';

import { AuditLog } from '../audit/audit-log.js';
import { Books } from '../books/books.js';
import { nextBoundary } from '../books/effective-time.js';
import { NotFoundError, RuleError } from '../books/errors.js';
import { decodeCursor, encodeCursor, type Page, pageLimit, type PageRequest } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRow, sqlBigint } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { uuidV5 } from '../payouts/payout-id.js';
import {
  type Adjustment,
  MAX_ADJUSTMENT_MICRO_USD,
  type NewAdjustment,
  REASON_LENGTH,
} from './adjustment.js';
import { findAdjustment, keyOf, listAdjustments } from './adjustment-rows.js';

export interface PostedAdjustment {
  adjustment: Adjustment;
  /** False when it had been posted before under the same key: nothing was written. */
  created: boolean;
}

@Injectable()
export class Adjustments {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly books: Books,
    private readonly audit: AuditLog,
  ) {}

  /** Newest first. */
  async list(request: PageRequest & { orchestratorId?: string | undefined } = {}): Promise<Page<Adjustment>> {
    const limit = pageLimit(request);
    const [before] = decodeCursor(request, z.tuple([sqlBigint])) ?? [null];
    const rows = await listAdjustments(ready(this.database), {
      orchestratorId: request.orchestratorId ?? null,
      before,
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ adjustment }) => adjustment),
      nextCursor: rows.length > limit && last ? encodeCursor([last.entryId.toString()]) : null,
    };
  }

  /**
   * Raises or cuts what is payable to an orchestrator, archived or not, by one entry of the ledger.
   * @throws RuleError, also for a key that was used with other content; NotFoundError
   */
  async post(input: NewAdjustment, actor: string): Promise<PostedAdjustment> {
    const wanted = { ...input, reason: input.reason.trim() };
    check(wanted);
    const { ledgerId } = await this.books.current();
    // The key becomes the identity, so that it is the ledger's unique key that keeps a repetition out.
    const id =
      wanted.idempotencyKey === undefined
        ? randomUUID()
        : uuidV5(ledgerId, `adjustment/${wanted.idempotencyKey}`);
    return this.database.transaction((tx) => this.postWithin(tx, id, wanted, actor));
  }

  private async postWithin(
    tx: EntityManager,
    id: string,
    wanted: NewAdjustment,
    actor: string,
  ): Promise<PostedAdjustment> {
    const { orchestratorId, amountMicroUsd, reason } = wanted;
    await requireOrchestrator(tx, orchestratorId);
    // The lock comes first: of two with the same key, the second sees the entry of the first.
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [keyOf(id)]);
    const known = await findAdjustment(tx, id);
    if (known) return { adjustment: requireSame(known, wanted), created: false };

    const payable = account.payable(orchestratorId);
    const payableAfterMicroUsd = (await this.ledger.lockBalance(tx, payable)) + amountMicroUsd;
    const { now } = await nextBoundary(tx);
    const expense = account.adjustments(orchestratorId);
    await this.ledger.post(tx, {
      kind: 'adjustment',
      idempotencyKey: keyOf(id),
      effectiveAt: now,
      transfers: [
        amountMicroUsd > 0n
          ? { debit: expense, credit: payable, amountMicroUsd }
          : { debit: payable, credit: expense, amountMicroUsd: -amountMicroUsd },
      ],
      meta: {
        ...{ adjustmentId: id, orchestratorId, reason, actor },
        amountMicroUsd: amountMicroUsd.toString(),
        payableAfterMicroUsd: payableAfterMicroUsd.toString(),
      },
    });
    const adjustment = await findAdjustment(tx, id);
    if (!adjustment) throw new Error(`the adjustment ${id} was not stored`);
    await this.audit.record(tx, {
      actor,
      action: 'balance adjusted',
      subject: `orchestrator/${orchestratorId}`,
      before: { payable_usd: formatUsd(payableAfterMicroUsd - amountMicroUsd) },
      after: {
        adjustment_id: id,
        amount_usd: formatUsd(amountMicroUsd),
        reason,
        payable_usd: formatUsd(payableAfterMicroUsd),
      },
    });
    return { adjustment, created: true };
  }
}

async function requireOrchestrator(tx: EntityManager, id: string): Promise<void> {
  const known = await selectRow(tx, z.object({}), 'select 1 from payments.orchestrator where id = $1', [id]);
  if (!known) throw new NotFoundError('orchestrator', id);
}

function check({ amountMicroUsd, reason, idempotencyKey }: NewAdjustment): void {
  if (amountMicroUsd === 0n) throw new RuleError('must not be zero', 'amount_usd');
  if (amountMicroUsd > MAX_ADJUSTMENT_MICRO_USD || amountMicroUsd < -MAX_ADJUSTMENT_MICRO_USD) {
    const bound = formatUsd(MAX_ADJUSTMENT_MICRO_USD);
    throw new RuleError(`must lie between -${bound} and ${bound} dollars`, 'amount_usd');
  }
  if (reason.length < REASON_LENGTH.min || reason.length > REASON_LENGTH.max) {
    throw new RuleError(`must have ${REASON_LENGTH.min} to ${REASON_LENGTH.max} characters`, 'reason');
  }
  if (idempotencyKey !== undefined && !/^[\x20-\x7e]{1,200}$/.test(idempotencyKey)) {
    throw new RuleError('must have 1 to 200 printable characters', 'Idempotency-Key');
  }
}

function requireSame(known: Adjustment, wanted: NewAdjustment): Adjustment {
  const isSame =
    known.orchestratorId === wanted.orchestratorId &&
    known.amountMicroUsd === wanted.amountMicroUsd &&
    known.reason === wanted.reason;
  if (!isSame) throw new RuleError(`was used for another adjustment, ${known.id}`, 'Idempotency-Key');
  return known;
}
