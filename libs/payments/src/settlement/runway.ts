import { z } from 'zod';

import { type Database } from '#platform/database';

import { ready } from '../books/ready.js';
import { selectRow, sqlBigint } from '../books/sql-rows.js';
import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import { hoursLeft } from './hours-left.js';

export interface RunwayReport {
  treasuryMicroUsd: bigint;
  /** Payable and in settlement: spoken for already. */
  owedMicroUsd: bigint;
  /** Accrued in the last 24 hours, by the hour. */
  payPerHourMicroUsd: bigint;
  /** Whole hours; null while nothing is earned. */
  payHours: number | null;
  gasWei: bigint;
  gasPerHourWei: bigint;
  gasHours: number | null;
}

const spendingRow = z.object({ owed: sqlBigint, accrued: sqlBigint, gas: sqlBigint, seconds: sqlBigint });

/** How long the money lasts if the next hours are like the last day. */
export class Runway {
  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
  ) {}

  /** @throws RpcSilence, RpcRefusal */
  funds(signal?: AbortSignal): Promise<{ treasuryMicroUsd: bigint; gasWei: bigint }> {
    const { chain } = this;
    return chain.ask(async (node) => {
      const data = encodeTokenCall('balanceOf', [chain.treasury.address]);
      const balance = await node.call({ to: chain.tokenAddress, data });
      return {
        treasuryMicroUsd: toMicroUsd(decodeTokenAnswer('balanceOf', balance, z.bigint()), chain.decimals),
        gasWei: await node.balanceWei(chain.gasPayer.address),
      };
    }, signal);
  }

  async report(signal?: AbortSignal): Promise<RunwayReport> {
    const { treasuryMicroUsd, gasWei } = await this.funds(signal);
    const spending = await this.spending();
    const pay = hoursLeft(treasuryMicroUsd - spending.owed, spending.accrued, spending.seconds);
    const gas = hoursLeft(gasWei, spending.gas, spending.seconds);
    return {
      ...{ treasuryMicroUsd, owedMicroUsd: spending.owed, gasWei },
      ...{ payPerHourMicroUsd: pay.perHour, payHours: pay.hours },
      ...{ gasPerHourWei: gas.perHour, gasHours: gas.hours },
    };
  }

  private async spending(): Promise<z.output<typeof spendingRow>> {
    const row = await selectRow(
      ready(this.database),
      spendingRow,
      `select coalesce((select sum(b.credits - b.debits) from ledger.account a join ledger.account_balance b on b.account_id = a.id
                         where a.code like 'liability:payable:%' or a.code like 'liability:in_settlement:%'), 0) as owed,
              coalesce((select sum(t.amount) from ledger.transfer t
                         where t.kind = 'accrual' and t.effective_at > payments.clock() - interval '24 hours'), 0) as accrued,
              coalesce((select sum(gas_cost_wei) from payments.settlement
                         where chain_id = $1 and created_at > payments.clock() - interval '24 hours'), 0) as gas,
              least(86400, greatest(3600, extract(epoch from payments.clock() - opened_at)))::bigint as seconds
         from payments.book`,
      [this.chain.chainId.toString()],
    );
    return row ?? { owed: 0n, accrued: 0n, gas: 0n, seconds: 86_400n };
  }
}
