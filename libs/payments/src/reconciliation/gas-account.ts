import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { type Database } from '#platform/database';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { Block } from '../chain/eth-schemas.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { readPause } from '../payouts/settlement-control.js';
import { timeOf } from './read-range.js';
import { reverseEntry } from './reverse-entry.js';

const weiPerGwei = 1_000_000_000n;

const readingRow = z.object({ block_number: sqlBigint, nonce: sqlBigint, balance_wei: sqlBigint });
const ledgerRow = z.object({ gwei: sqlBigint, roundings: sqlBigint, open: sqlBigint });
const spentRow = z.object({ known: sqlBigint, spent: sqlBigint, open: sqlBigint });

/** Action of the audit log's record that final blocks left the chain. */
export const lostBlocksAction = 'final blocks left the chain';

/** A reading `r` that was made before its block was found lost. `$3` is the action. */
const lostAfter = `
  select 1 from payments.audit a where a.action = $3
     and r.id <= (a.after ->> 'last_gas_reading')::bigint and r.block_number >= (a.after ->> 'from_block')::bigint`;

/** Takes back what readings at or after a block have posted. The id of the last of them; they are passed over from then on. */
export async function forgetReadings(
  tx: EntityManager,
  ledger: Ledger,
  { chainId, gasPayer }: TreasuryChain,
  fromBlock: bigint,
): Promise<bigint> {
  const rows = await selectRows(
    tx,
    z.object({ id: sqlBigint, block_number: sqlBigint }),
    `select id, block_number from payments.gas_reading
      where chain_id = $1 and address = $2 and block_number >= $3 order by id`,
    [chainId.toString(), gasPayer.address, fromBlock.toString()],
  );
  for (const { block_number: block } of rows)
    await reverseEntry(tx, ledger, fundingKey(chainId, gasPayer.address, block));
  return rows.at(-1)?.id ?? 0n;
}

const fundingKey = (chainId: bigint, address: string, block: bigint): string =>
  `funding/${chainId}/gas/${address.toLowerCase()}/${block}`;

export interface GasLine {
  expectedWei: bigint;
  chainWei: bigint;
  /**
   * What the ledger says that was there at that block: without what is posted already and came later, and less what is mined
   * and not posted yet. `roundings` entries were rounded, each by less than a gwei.
   */
  ledgerGwei: bigint;
  roundings: bigint;
}

/** Txs of ours that may have been mined before this nonce without the books knowing what they cost. */
const openBelow = (nonce: string): string =>
  `count(*) filter (where status <> 'final' and gas_cost_wei is null and nonce < ${nonce})`;

interface GasState {
  at: Block;
  nonce: bigint;
  balanceWei: bigint;
}

/**
 * The gas payer's coin. Coins that arrive leave no event, so they are seen by what is there at a final block beyond what was
 * there before less what our txs have cost: that is a funding entry. Less than that is a difference.
 */
export class GasAccount {
  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly ledger: Ledger,
  ) {}

  /** Null while it cannot be told: nodes do not agree, or the cost of a tx that is mined is not known yet. */
  async read(at: Block, signal?: AbortSignal): Promise<GasLine | null> {
    const address = this.chain.gasPayer.address;
    const found = await this.chain.agree(
      async (node) => ({
        balanceWei: await node.balanceWei(address, at.number),
        nonce: await node.nonce(address, at.number),
      }),
      (one, other) => one.balanceWei === other.balanceWei && one.nonce === other.nonce,
      signal,
    );
    if (!found.agreed) return null;
    const state = { at, ...found.value };
    return this.database.transaction(async (tx): Promise<GasLine | null> => {
      // One reading after the other.
      await tx.query('select pg_advisory_xact_lock(7241605, 17)');
      const before = await this.last(tx);
      if (before && before.block_number >= at.number) {
        const ledger = await this.ledgerAt(tx, before.nonce);
        return ledger && { expectedWei: before.balance_wei, chainWei: before.balance_wei, ...ledger };
      }
      const expectedWei = (await this.isTaken(tx, at)) ? null : await this.append(tx, before, state);
      const ledger = expectedWei === null ? null : await this.ledgerAt(tx, state.nonce);
      return expectedWei === null || ledger === null
        ? null
        : { expectedWei, chainWei: state.balanceWei, ...ledger };
    });
  }

  /** What should be there, which is what is there unless coins are missing; null while the cost of a tx is not known. */
  private async append(
    tx: EntityManager,
    before: z.output<typeof readingRow> | undefined,
    state: GasState,
  ): Promise<bigint | null> {
    const { nonce, balanceWei } = state;
    const cost = await this.costOf(tx, before?.nonce ?? 0n, nonce);
    if (!before) {
      // What the ledger lacks, not what the rows add up to: versions before this account posted gas without keeping its cost.
      const ledger = await this.ledgerAt(tx, nonce);
      if (ledger === null) return null;
      const fundedWei = balanceWei - ledger.ledgerGwei * weiPerGwei;
      await this.store(tx, state, { spentWei: cost.spent, fundedWei });
      return balanceWei;
    }
    // Txs that are not ours stop settlement; when a person lets it go on, what they took is what somebody took out.
    const hasForeign = cost.known < nonce - before.nonce;
    if (hasForeign && (cost.open > 0n || (await readPause(tx)) !== null)) return null;
    const expectedWei = before.balance_wei - cost.spent;
    const fundedWei = balanceWei - expectedWei;
    if (fundedWei < 0n && !hasForeign) return expectedWei;
    await this.store(tx, state, { spentWei: cost.spent, fundedWei });
    return balanceWei;
  }

  /** In one statement: what becomes final meanwhile is either mined or posted, never both. */
  private async ledgerAt(tx: Sql, nonce: bigint): Promise<Pick<GasLine, 'ledgerGwei' | 'roundings'> | null> {
    const row = await selectRow(
      tx,
      ledgerRow,
      `select coalesce((select b.debits - b.credits from ledger.account a
                          join ledger.account_balance b on b.account_id = a.id where a.code = $4), 0)
              + coalesce(sum(case when status = 'final' and nonce >= $3 then ceil(gas_cost_wei / 1000000000)
                                  when status = 'mined' and nonce < $3 then -ceil(gas_cost_wei / 1000000000) end), 0) as gwei,
              count(*) + (select count(*) from payments.gas_reading where chain_id = $1 and address = $2) as roundings,
              ${openBelow('$3')} as open
         from payments.settlement where chain_id = $1 and from_address = $2`,
      [...this.key, nonce.toString(), account.gas(this.chain.chainId)],
    );
    return !row || row.open > 0n ? null : { ledgerGwei: row.gwei, roundings: row.roundings };
  }

  private get key(): string[] {
    return [this.chain.chainId.toString(), this.chain.gasPayer.address];
  }

  private last(sql: Sql) {
    return selectRow(
      sql,
      readingRow,
      `select block_number, nonce, balance_wei from payments.gas_reading r where chain_id = $1 and address = $2
          and not exists (${lostAfter})
        order by block_number desc limit 1`,
      [...this.key, lostBlocksAction],
    );
  }

  /** Of our txs in this range of nonces; what an open one has cost is not known yet. */
  private async costOf(sql: Sql, fromNonce: bigint, toNonce: bigint) {
    const row = await selectRow(
      sql,
      spentRow,
      `select count(gas_cost_wei) as known, coalesce(sum(gas_cost_wei), 0) as spent,
              ${openBelow('$4')} as open
         from payments.settlement
        where chain_id = $1 and from_address = $2 and nonce >= $3 and nonce < $4`,
      [...this.key, fromNonce.toString(), toNonce.toString()],
    );
    return row ?? { known: 0n, spent: 0n, open: 0n };
  }

  /** A block of this number was read before it left the chain: its number is taken, the next one is not. */
  private async isTaken(sql: Sql, { number }: Block): Promise<boolean> {
    const row = await selectRow(
      sql,
      z.object({ is_taken: z.boolean() }),
      `select exists (select 1 from payments.gas_reading where chain_id = $1 and address = $2 and block_number = $3) as is_taken`,
      [...this.key, number.toString()],
    );
    return row?.is_taken === true;
  }

  private async store(
    tx: EntityManager,
    { at, nonce, balanceWei }: GasState,
    { spentWei, fundedWei }: { spentWei: bigint; fundedWei: bigint },
  ): Promise<void> {
    await tx.query(
      `insert into payments.gas_reading (chain_id, address, block_number, nonce, balance_wei, spent_wei, funded_wei)
         values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        ...[...this.key, at.number.toString(), nonce.toString()],
        ...[balanceWei.toString(), spentWei.toString(), fundedWei.toString()],
      ],
    );
    const gwei = fundedWei / weiPerGwei;
    if (gwei === 0n) return;
    const { chainId } = this.chain;
    const [debit, credit] =
      gwei > 0n ? [account.gas(chainId), account.gasFunding()] : [account.gasFunding(), account.gas(chainId)];
    await this.ledger.post(tx, {
      kind: 'funding',
      idempotencyKey: fundingKey(chainId, this.chain.gasPayer.address, at.number),
      effectiveAt: timeOf(at),
      transfers: [{ debit, credit, amountGwei: gwei > 0n ? gwei : -gwei }],
      meta: { block: at.number.toString(), wei: fundedWei.toString() },
    });
  }
}
