import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger, type Hex, hex32Schema } from '#platform';
import { type Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { Ledger } from '../ledger/ledger.js';
import { forgetReadings, lostBlocksAction } from './gas-account.js';
import { reopenSettlement } from './reopen-settlement.js';
import { readScan, rewindScan, treasuryKey } from './scan-rows.js';
import { reverseEntry } from './reverse-entry.js';
import { unpayPayout } from './unpay-payout.js';

interface KnownBlock {
  number: bigint;
  hash: Hex;
}

const blockRow = z
  .object({ number: sqlBigint, hash: hex32Schema })
  .transform((row): KnownBlock => ({ number: row.number, hash: row.hash }));

const payoutRow = z.object({ id: z.uuid() });
const movementRow = z.object({ block_hash: z.string(), log_index: sqlBigint, losses: z.int() });
const settlementRow = z.object({ id: z.uuid() });

/**
 * Edge E4 after E5: a block that was taken for final is not in the chain any more. What was posted because of it is taken back
 * by entries of its own, and settlements wait for a block again. With a chain's own word for "final" this never happens;
 * with a number of blocks, or a node that said so too early, it may.
 */
export class LostBlocks {
  private readonly log = new FactLogger('reconciliation');

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
  ) {}

  /** Asks about the newest blocks that the books rest on; the older ones only when one of these is gone. */
  async takeBack(signal?: AbortSignal): Promise<void> {
    const sql = ready(this.database);
    const scan = await readScan(sql, this.chain);
    const anchors = await this.newestFinal(sql);
    if (scan?.scannedHash) anchors.push({ number: scan.scannedTo, hash: scan.scannedHash });
    let isWhole = true;
    for (const anchor of anchors) isWhole = (await this.isInChain(anchor, signal)) && isWhole;
    if (isWhole) return;
    const lost: KnownBlock[] = [];
    for (const block of await this.blocksWithFacts(sql)) {
      if (await this.isInChain(block, signal)) break;
      lost.push(block);
    }
    await this.database.transaction((tx) => this.forget(tx, lost, anchors));
    this.log.error('final blocks left the chain', undefined, {
      blocks: lost.map(({ number, hash }) => `${number} ${hash}`),
      readUpTo: scan?.scannedTo.toString(),
    });
  }

  /** A block that no two nodes deny is taken to be there: a node that is behind has not seen it yet. */
  private async isInChain({ number, hash }: KnownBlock, signal?: AbortSignal): Promise<boolean> {
    const found = await this.chain.agree(
      (node) => node.block(number),
      (one, other) => one?.hash === other?.hash,
      signal,
    );
    return !found.agreed || found.value === null || found.value.hash === hash;
  }

  private newestFinal(sql: Sql): Promise<KnownBlock[]> {
    return selectRows(
      sql,
      blockRow,
      `select mined_block_number as number, mined_block_hash as hash from payments.settlement
        where chain_id = $1 and status = 'final' and mined_block_hash is not null
        order by mined_block_number desc limit 1`,
      [this.chain.chainId.toString()],
    );
  }

  /** The newest first. */
  private blocksWithFacts(sql: Sql): Promise<KnownBlock[]> {
    return selectRows(
      sql,
      blockRow,
      `select distinct number, hash from (
         select mined_block_number as number, mined_block_hash as hash from payments.settlement
          where chain_id = $1 and status = 'final' and mined_block_hash is not null
         union all select block_number, block_hash from payments.final_authorization
          where chain_id = $1 and token_address = $2 and treasury_address = $3 and block_hash is not null
         union all select block_number, block_hash from payments.treasury_movement
          where chain_id = $1 and token_address = $2 and treasury_address = $3 and not is_lost) b
        order by number desc`,
      treasuryKey(this.chain),
    );
  }

  private async forget(
    tx: EntityManager,
    lost: readonly KnownBlock[],
    anchors: readonly KnownBlock[],
  ): Promise<void> {
    const scan = await readScan(tx, this.chain, 'for update');
    const hashes = lost.map(({ hash }) => hash);
    const key = treasuryKey(this.chain);
    await tx.query(
      `insert into payments.lost_authorization (chain_id, token_address, treasury_address, nonce, generation)
         select chain_id, token_address, treasury_address, nonce, generation from payments.final_authorization
          where chain_id = $1 and token_address = $2 and treasury_address = $3 and block_hash = any ($4)`,
      [...key, hashes],
    );
    for (const movement of await this.lostMovements(tx, hashes)) {
      const suffix = movement.losses === 1 ? '' : `/${movement.losses}`;
      const funding = `funding/${this.chain.chainId}/${movement.block_hash}/${movement.log_index}${suffix}`;
      await reverseEntry(tx, this.ledger, funding);
    }
    for (const { id } of await this.settlementsIn(tx, hashes)) await reopenSettlement(tx, this.ledger, id);
    for (const { id } of await this.paidByOthersIn(tx, lost)) {
      // Its settlement is over: it needs another one, under the same authorization nonce.
      await tx.query(`update payments.settlement_item set outcome = 'unused' where payout_id = $1`, [id]);
      await unpayPayout(tx, this.ledger, id, { status: 'reserved', detail: 'its block left the chain' });
    }
    // Read again from before the first block that is not known to be there.
    const from = [...lost, ...anchors].reduce(
      (least, { number }) => (number < least ? number : least),
      anchors[0]?.number ?? 0n,
    );
    const lastReading = await forgetReadings(tx, this.ledger, this.chain, from);
    await this.audit.record(tx, {
      ...{ actor: 'settlement', action: lostBlocksAction, subject: 'settlement' },
      after: {
        from_block: from,
        last_gas_reading: lastReading,
        blocks: lost.map(({ number, hash }) => `${number} ${hash}`),
      },
    });
    if (scan) await rewindScan(tx, this.chain, await this.lastSound(tx, from));
  }

  /** Block numbers that no fact is known of are read again for nothing; those from the newest sound fact on are enough. */
  private async lastSound(tx: EntityManager, before: bigint): Promise<bigint> {
    const row = await selectRow(
      tx,
      z.object({ number: sqlBigint }),
      `select greatest(
          (select first_block - 1 from payments.authorization_scan
            where chain_id = $1 and token_address = $2 and treasury_address = $3),
          least($4::bigint - 1, coalesce((select max(block_number) from payments.treasury_movement
            where chain_id = $1 and token_address = $2 and treasury_address = $3 and not is_lost
              and block_number < $4::bigint), $4::bigint - 256))) as number`,
      [...treasuryKey(this.chain), before.toString()],
    );
    return row?.number ?? before - 1n;
  }

  private lostMovements(tx: EntityManager, hashes: readonly string[]) {
    return selectRows(
      tx,
      movementRow,
      `update payments.treasury_movement set is_lost = true, losses = losses + 1
        where chain_id = $1 and token_address = $2 and treasury_address = $3 and not is_lost and block_hash = any ($4)
        returning block_hash, log_index, losses`,
      [...treasuryKey(this.chain), hashes],
    );
  }

  private settlementsIn(tx: EntityManager, hashes: readonly string[]) {
    return selectRows(
      tx,
      settlementRow,
      `select id from payments.settlement where chain_id = $1 and status = 'final' and mined_block_hash = any ($2)
        order by nonce for update`,
      [this.chain.chainId.toString(), hashes],
    );
  }

  /** Paid by a tx of somebody else, so that no settlement of ours was reopened for them. */
  private paidByOthersIn(tx: EntityManager, lost: readonly KnownBlock[]) {
    return selectRows(
      tx,
      payoutRow,
      `select p.id from payments.payout p join payments.chain_authorization c on c.nonce = p.authorization_nonce
        where p.status = 'paid' and p.chain_id = $1 and c.block_hash = any ($2) and p.block_number = c.block_number
        for update of p`,
      [this.chain.chainId.toString(), lost.map(({ hash }) => hash)],
    );
  }
}
