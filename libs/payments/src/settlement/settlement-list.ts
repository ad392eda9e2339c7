import { z } from 'zod';

import { type Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { ConflictError, NotFoundError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { recordChanges } from '../payouts/payout-rows.js';
import { lockControl } from '../payouts/settlement-control.js';
import { lockSettlement, openItems } from './settlement-rows.js';

const recordRow = z
  .object({
    id: z.uuid(),
    chain_id: sqlBigint,
    from_address: z.string(),
    nonce: sqlBigint,
    status: z.enum(['signed', 'sent', 'mined', 'final']),
    payouts: z.int(),
    amount: sqlBigint,
    attempts: z.int(),
    cancel_requested: z.boolean(),
    mined_tx_hash: z.string().nullable(),
    mined_block_number: sqlBigint.nullable(),
    gas_used: sqlBigint.nullable(),
    gas_cost_wei: sqlBigint.nullable(),
    trouble: z.string().nullable(),
    created_at: sqlTime,
    final_at: sqlTime.nullable(),
  })
  .transform((row) => ({
    id: row.id,
    chainId: row.chain_id,
    fromAddress: row.from_address,
    nonce: row.nonce,
    status: row.status,
    payouts: row.payouts,
    amountMicroUsd: row.amount,
    /** Signed versions so far. */
    attempts: row.attempts,
    cancelRequested: row.cancel_requested,
    minedTxHash: row.mined_tx_hash,
    minedBlockNumber: row.mined_block_number,
    gasUsed: row.gas_used,
    gasCostWei: row.gas_cost_wei,
    trouble: row.trouble,
    createdAt: row.created_at,
    finalAt: row.final_at,
  }));

/** A nonce, what it was used for and how far it is. */
export type SettlementRecord = z.output<typeof recordRow>;

const columns = `s.id, s.chain_id, s.from_address, s.nonce, s.status, s.cancel_requested, s.mined_tx_hash, s.mined_block_number,
  s.gas_used, s.gas_cost_wei, s.trouble, s.created_at, s.final_at,
  (select count(*)::int from payments.attempt a where a.settlement_id = s.id) as attempts,
  (select count(*)::int from payments.settlement_item i where i.settlement_id = s.id) as payouts,
  (select coalesce(sum(p.amount_micro_usd), 0) from payments.settlement_item i join payments.payout p on p.id = i.payout_id
    where i.settlement_id = s.id) as amount`;

export interface SettlementFilter extends PageRequest {
  state?: 'open' | 'final' | undefined;
}

/** What people see of settlements, and the one thing that they may do with one. */
export class SettlementList {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /** Newest first. */
  async list(request: SettlementFilter = {}): Promise<Page<SettlementRecord>> {
    const limit = pageLimit(request);
    const [at, id] = decodeCursor(request, z.tuple([z.iso.datetime(), z.uuid()])) ?? [null, null];
    const records = await selectRows(
      ready(this.database),
      recordRow,
      `select ${columns} from payments.settlement s
        where ($1::text is null or (s.status = 'final') = ($1 = 'final'))
          and ($2::timestamptz is null or (s.created_at, s.id) < ($2, $3::uuid))
        order by s.created_at desc, s.id desc limit $4`,
      [request.state ?? null, at, id, limit + 1],
    );
    return toPage(records, limit, (record) => [record.createdAt.toISOString(), record.id]);
  }

  /**
   * Edge E7: gives a nonce up. The settler sends a tx to ourselves with it; which of the two is mined decides, and the
   * payouts are free again only when that is final. @throws NotFoundError, ConflictError
   */
  async cancel(id: string, actor: string): Promise<SettlementRecord> {
    if (!z.uuid().safeParse(id).success) throw new NotFoundError('settlement', id);
    return this.database.transaction(async (tx) => {
      await lockControl(tx);
      const settlement = await lockSettlement(tx, id);
      if (!settlement) throw new NotFoundError('settlement', id);
      if (settlement.status !== 'signed' && settlement.status !== 'sent')
        throw new ConflictError(`The settlement is ${settlement.status}: its nonce is used already`);
      if (!settlement.cancelRequested) {
        await tx.query('update payments.settlement set cancel_requested = true where id = $1', [id]);
        const ids = (await openItems(tx, id)).map(({ payoutId }) => payoutId);
        const status = settlement.status === 'signed' ? 'reserved' : 'sent';
        await recordChanges(tx, ids, status, `${actor} gives nonce ${settlement.nonce} up`);
      }
      await this.audit.record(tx, {
        ...{ actor, action: 'settlement cancelled', subject: `settlement/${id}` },
        before: { cancel_requested: settlement.cancelRequested },
        after: { cancel_requested: true, nonce: settlement.nonce.toString() },
      });
      const record = await selectRow(
        tx,
        recordRow,
        `select ${columns} from payments.settlement s where s.id = $1`,
        [id],
      );
      if (!record) throw new NotFoundError('settlement', id);
      return record;
    });
  }
}
