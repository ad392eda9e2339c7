import type { Database } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Books } from '../books/books.js';
import { TreasuryChain } from '../chain/treasury-chain.js';
import type { Ledger } from '../ledger/ledger.js';
import { Payouts } from '../payouts/payouts.js';
import { PayoutReservation } from '../payouts/reserve-payouts.js';
import { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { Reconciliation } from '../reconciliation/reconciliation.js';
import { Broadcasting } from './broadcast.js';
import { FeeBump } from './fee-bump.js';
import { SettlementFinality } from './finalise.js';
import { CancelledPayouts } from './return-cancelled.js';
import { checkSettlementOptions, pollMs, type SettlementOptions } from './settlement-options.js';
import { type ChainWork, Settler } from './settler.js';
import { SettlementSigning } from './sign-settlement.js';
import { SettlementWatch } from './watch.js';

export interface SettlementRooms {
  database: Database;
  ledger: Ledger;
  books: Books;
  audit: AuditLog;
  alerts: Alerts;
}

export interface SettlementDoors {
  payouts: Payouts;
  settler: Settler;
  reconciliation: Reconciliation;
}

/** Puts settlement together from its parts. Nothing is asked of a chain or a database yet. @throws SettlementOptionsError */
export function assembleSettlement(rooms: SettlementRooms, options: SettlementOptions): SettlementDoors {
  checkSettlementOptions(options);
  const { database, ledger, books, audit, alerts } = rooms;
  const chain = options.method === 'usdc' && options.chain ? new TreasuryChain(options.chain) : undefined;
  const scan = chain && new AuthorizationScan(database, chain, ledger);
  const work = chain && scan && chainWork(rooms, options, chain, scan);
  const reservation = new PayoutReservation(database, ledger, books, alerts, options);
  const settler = new Settler(database, reservation, work);
  return {
    settler,
    payouts: new Payouts(database, ledger, audit, reservation, settler),
    reconciliation: new Reconciliation(database, chain && scan && { chain, scan }),
  };
}

function chainWork(
  { database, ledger }: SettlementRooms,
  options: SettlementOptions,
  chain: TreasuryChain,
  scan: AuthorizationScan,
): ChainWork {
  const finality = new SettlementFinality(database, chain, scan, ledger);
  return {
    chain,
    scan,
    signing: new SettlementSigning(database, chain, scan, options),
    broadcasting: new Broadcasting(database, chain),
    watch: new SettlementWatch(database, chain, finality, options),
    feeBump: new FeeBump(database, chain, options),
    cancelled: new CancelledPayouts(database, chain, scan, ledger),
    pollMs: pollMs(options),
  };
}
