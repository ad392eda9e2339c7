import { z } from 'zod';

import type { Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRow, sqlBigint } from '../books/sql-rows.js';
import { ChainUnavailableError } from '../chain/chain-unavailable.js';
import type { Block } from '../chain/eth-schemas.js';
import { toMicroUsd } from '../chain/token-units.js';
import { treasuryUnits } from '../chain/treasury-balance.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { AuthorizationScan } from './authorization-scan.js';
import type { GasAccount } from './gas-account.js';
import { comparePayouts } from './payout-differences.js';
import { scaleOf } from './unknown-payments.js';
import { treasuryKey } from './scan-rows.js';

export interface Difference {
  /** The ledger account in which the ledger and the chain do not agree. */
  account: string;
  ledgerMicroUsd: bigint;
  chainMicroUsd: bigint;
  detail: string;
}

/** One account as the ledger has it, less what is final and not posted yet, and as the chain has it. */
export interface AccountLine {
  account: string;
  /** Micro-dollars, or gwei of the chain's coin. */
  unit: 'micro-usd' | 'gwei';
  ledger: bigint;
  chain: bigint;
}

export interface ReconciliationReport {
  ok: boolean;
  /** The final block up to which the chain was read; null without a chain or while it has no final block. */
  checkedAtBlock: bigint | null;
  accounts: AccountLine[];
  differences: Difference[];
}

const nothing: ReconciliationReport = { ok: true, checkedAtBlock: null, accounts: [], differences: [] };
const sumRow = z.object({ total: sqlBigint });
const weiPerGwei = 1_000_000_000n;

/** The ledger against the chain at a final block, account by account. */
export class Reconciliation {
  constructor(
    private readonly database: Database,
    private readonly work: { chain: TreasuryChain; scan: AuthorizationScan; gas: GasAccount } | undefined,
  ) {}

  /** @throws RpcSilence, RpcRefusal when no node answers; ChainUnavailableError when it cannot be told what is final */
  async run(signal?: AbortSignal): Promise<ReconciliationReport> {
    if (!this.work) return nothing;
    const { chain, scan } = this.work;
    if (!(await chain.isReady(signal))) {
      throw new ChainUnavailableError(`the chain cannot be read: ${chain.condition.detail ?? 'connecting'}`);
    }
    const final = await scan.advance(signal);
    if (scan.disagreement !== null)
      throw new ChainUnavailableError(`the chain cannot be read: ${scan.disagreement.detail}`);
    if (!final) return nothing;
    const payouts = await comparePayouts(ready(this.database), chain);
    const treasury = await this.treasury(chain, final, signal);
    const gas = await this.gasPayer(final, signal);
    const differences = [...payouts.differences, ...treasury.differences, ...gas.differences];
    return {
      ok: differences.length === 0,
      checkedAtBlock: final.number,
      accounts: [...treasury.accounts, ...gas.accounts, ...payouts.accounts],
      differences,
    };
  }

  /** What the ledger says that the treasury holds, and what the token says. */
  private async treasury(chain: TreasuryChain, at: Block, signal?: AbortSignal): Promise<Compared> {
    const held = await chain.agree(
      (node) => treasuryUnits(node, chain, at.number),
      (one, other) => one === other,
      signal,
    );
    if (!held.agreed) throw new ChainUnavailableError(`the treasury cannot be read: ${held.detail}`);
    const code = account.treasury(chain.chainId, chain.tokenAddress);
    const row = await selectRow(
      ready(this.database),
      sumRow,
      `select coalesce((select b.debits - b.credits from ledger.account a
                          join ledger.account_balance b on b.account_id = a.id where a.code = $4), 0)
            - ${seenNotPosted} + ${postedNotSeen} as total`,
      [...treasuryKey(chain), code, ...scaleOf(chain), at.number.toString()],
    );
    const ledger = row?.total ?? 0n;
    const onChain = toMicroUsd(held.value, chain.decimals);
    const accounts: AccountLine[] = [{ account: code, unit: 'micro-usd', ledger, chain: onChain }];
    if (ledger === onChain) return { accounts, differences: [] };
    const detail = `the ledger says that the treasury holds ${ledger} micro-dollars, the token says ${onChain} at block ${at.number}`;
    return {
      accounts,
      differences: [{ account: code, ledgerMicroUsd: ledger, chainMicroUsd: onChain, detail }],
    };
  }

  private async gasPayer(at: Block, signal?: AbortSignal): Promise<Compared> {
    const { gas, chain } = this.work ?? {};
    if (!gas || !chain) return { accounts: [], differences: [] };
    const line = await gas.read(at, signal);
    // Not known now is no difference; the next run knows.
    if (!line) return { accounts: [], differences: [] };
    const code = account.gas(chain.chainId);
    const { ledgerGwei: ledger, roundings } = line;
    const onChain = line.chainWei / weiPerGwei;
    const accounts: AccountLine[] = [{ account: code, unit: 'gwei', ledger, chain: onChain }];
    const differ = { account: code, ledgerMicroUsd: 0n, chainMicroUsd: 0n };
    const differences: Difference[] = [];
    if (line.chainWei < line.expectedWei) {
      const missing = line.expectedWei - line.chainWei;
      differences.push({
        ...differ,
        detail: `${missing} wei left the gas payer besides what our txs have cost`,
      });
    } else if (ledger > onChain + roundings || ledger < onChain - roundings) {
      differences.push({ ...differ, detail: `the ledger has ${ledger} gwei, the chain ${onChain}` });
    }
    return { accounts, differences };
  }
}

export interface Compared {
  accounts: AccountLine[];
  differences: Difference[];
}

/** Payments of known payouts in final blocks up to here that the settler has not come to yet. Nobody is wrong. */
const seenNotPosted = `(
  select coalesce(sum(p.amount_micro_usd), 0) from payments.payout p
   where p.chain_id = $1 and p.token_address = $2 and p.treasury_address = $3
     and p.status in ('reserved', 'held', 'sent', 'mined')
     and not exists (select 1 from ledger.journal_entry j where j.idempotency_key = 'payout/' || p.id || '/paid' and p.reorgs = 0)
     and (exists (select 1 from payments.final_authorization c
                   where c.nonce = p.authorization_nonce and c.kind = 'used' and c.amount = p.amount_micro_usd
                     and c.to_address = p.payout_address)
          or exists (select 1 from payments.settlement_item i join payments.attempt a on a.settlement_id = i.settlement_id
                       join payments.treasury_movement m on m.tx_hash = a.tx_hash
                      where i.payout_id = p.id and p.method = 'erc20' and m.direction = 'out' and not m.is_lost
                        and m.other_address = p.payout_address
                        and p.amount_micro_usd * $5::numeric = m.amount * $6::numeric)))`;

/** Paid in the ledger by blocks that are final and have not been read for the reconciliation yet. */
const postedNotSeen = `(
  select coalesce(sum(p.amount_micro_usd), 0) from payments.payout p
   where p.chain_id = $1 and p.token_address = $2 and p.treasury_address = $3 and p.status = 'paid'
     and p.block_number > $7::bigint)`;
