import { z } from 'zod';

import type { Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import { treasuryKey } from './authorization-rows.js';
import type { AuthorizationScan } from './authorization-scan.js';

export interface Difference {
  /** The ledger account in which the ledger and the chain do not agree. */
  account: string;
  ledgerMicroUsd: bigint;
  chainMicroUsd: bigint;
  detail: string;
}

export interface ReconciliationReport {
  ok: boolean;
  /** The final block up to which the chain was read; null without a chain or while it has no final block. */
  checkedAtBlock: bigint | null;
  differences: Difference[];
}

const totalRow = z.object({ ledger: sqlBigint, chain: sqlBigint });

const payoutRow = z.object({
  id: z.uuid().nullable(),
  orchestrator_id: z.uuid().nullable(),
  status: z.string().nullable(),
  amount_micro_usd: sqlBigint.nullable(),
  payout_address: z.string().nullable(),
  paid_in_ledger: sqlBigint,
  nonce: z.string().nullable(),
  tx_hash: z.string().nullable(),
  to_address: z.string().nullable(),
  chain_amount: sqlBigint,
});
type PayoutRow = z.output<typeof payoutRow>;

/** The ledger against the chain at a final block: what the books say was paid, and what the token says. */
export class Reconciliation {
  constructor(
    private readonly database: Database,
    private readonly work: { chain: TreasuryChain; scan: AuthorizationScan } | undefined,
  ) {}

  /** @throws RpcSilence, RpcRefusal when no node answers */
  async run(signal?: AbortSignal): Promise<ReconciliationReport> {
    if (!this.work) return { ok: true, checkedAtBlock: null, differences: [] };
    const { chain, scan } = this.work;
    if (!(await chain.isReady(signal))) {
      throw new Error(`The chain cannot be read: ${chain.condition.detail ?? 'connecting'}`);
    }
    const final = await scan.advance(signal);
    if (!final) return { ok: true, checkedAtBlock: null, differences: [] };
    const differences = [...(await this.payouts(chain)), ...(await this.treasury(chain))];
    return { ok: differences.length === 0, checkedAtBlock: final.number, differences };
  }

  /** Each payout with its authorization, and each authorization with its payout. */
  private async payouts(chain: TreasuryChain): Promise<Difference[]> {
    const rows = await selectRows(
      ready(this.database),
      payoutRow,
      `with book as (select * from payments.payout
                      where chain_id = $1 and token_address = $2 and treasury_address = $3),
            seen as (select * from payments.chain_authorization
                      where chain_id = $1 and token_address = $2 and treasury_address = $3 and kind = 'used')
       select b.id, b.orchestrator_id, b.status, b.amount_micro_usd, b.payout_address, coalesce(j.total, 0) as paid_in_ledger,
              c.nonce, c.tx_hash, c.to_address, coalesce(c.amount, 0) as chain_amount
         from book b full join seen c on c.nonce = b.authorization_nonce
         left join ledger.journal_entry j on j.idempotency_key = 'payout/' || b.id || '/paid'
        where coalesce(j.total, 0) <> coalesce(c.amount, 0) or b.payout_address is distinct from coalesce(c.to_address, b.payout_address)
           or (b.status = 'paid') <> (j.id is not null)`,
      treasuryKey(chain),
    );
    return rows.filter((row) => !isUnderWay(row)).map((row) => describe(row, chain));
  }

  /** Σ paid in the ledger against Σ transfers that belong to authorizations of the treasury. */
  private async treasury(chain: TreasuryChain): Promise<Difference[]> {
    const code = account.treasury(chain.chainId, chain.tokenAddress);
    const row = await selectRow(
      ready(this.database),
      totalRow,
      `select coalesce((select sum(t.amount) from ledger.transfer t join ledger.account a on a.id = t.credit_account_id
                         where a.code = $4 and t.kind = 'paid'), 0) as ledger,
              coalesce((select sum(c.amount) from payments.chain_authorization c
                          left join payments.payout p on p.authorization_nonce = c.nonce
                         where c.chain_id = $1 and c.token_address = $2 and c.treasury_address = $3 and c.kind = 'used'
                           and (p.id is null or p.status not in ('reserved', 'held', 'sent', 'mined'))), 0) as chain`,
      [...treasuryKey(chain), code],
    );
    if (!row || row.ledger === row.chain) return [];
    return [
      {
        account: code,
        ledgerMicroUsd: row.ledger,
        chainMicroUsd: row.chain,
        detail: 'the sum of all payments in the ledger is not the sum of the transfers by our authorizations',
      },
    ];
  }
}

/** Final on the chain, and the settler has not come to it yet: nobody is wrong. */
const isUnderWay = (row: PayoutRow): boolean =>
  row.status !== null &&
  ['reserved', 'held', 'sent', 'mined'].includes(row.status) &&
  row.paid_in_ledger === 0n &&
  row.chain_amount === row.amount_micro_usd &&
  row.to_address === row.payout_address;

function describe(row: PayoutRow, chain: TreasuryChain): Difference {
  const amounts = { ledgerMicroUsd: row.paid_in_ledger, chainMicroUsd: row.chain_amount };
  if (row.id === null || row.orchestrator_id === null) {
    const to = `${row.to_address ?? 'nobody'} in ${row.tx_hash ?? 'no tx'}`;
    const code = account.treasury(chain.chainId, chain.tokenAddress);
    return {
      account: code,
      ...amounts,
      detail: `the chain paid ${to} by an authorization that these books do not know`,
    };
  }
  const code = account.inSettlement(row.orchestrator_id);
  const what =
    row.nonce === null
      ? 'is paid in the ledger, but no authorization of it was used on the chain'
      : row.to_address !== row.payout_address
        ? `went to ${row.to_address ?? 'nobody'} instead of ${row.payout_address ?? 'nobody'} in ${row.tx_hash ?? 'no tx'}`
        : `has other amounts in the ledger and on the chain (${row.tx_hash ?? 'no tx'})`;
  return { account: code, ...amounts, detail: `the payout ${row.id} ${what}` };
}
