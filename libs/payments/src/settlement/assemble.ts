import type { Database } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Books } from '../books/books.js';
import { TreasuryChain } from '../chain/treasury-chain.js';
import type { Ledger } from '../ledger/ledger.js';
import { Payouts } from '../payouts/payouts.js';
import { PayoutReservation } from '../payouts/reserve-payouts.js';
import { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import { ForeignPayments } from '../reconciliation/foreign-payments.js';
import { GasAccount } from '../reconciliation/gas-account.js';
import { IdentityCheck } from '../reconciliation/identity-check.js';
import { LostBlocks } from '../reconciliation/lost-blocks.js';
import { Reconciliation } from '../reconciliation/reconciliation.js';
import { ReconciliationRuns } from '../reconciliation/reconciliation-runs.js';
import { SeenPayments } from '../reconciliation/seen-payments.js';
import { BooksGuard } from './books-guard.js';
import { Broadcasting } from './broadcast.js';
import { FeeBump } from './fee-bump.js';
import { SettlementFinality } from './finalise.js';
import { CancelledPayouts } from './return-cancelled.js';
import { Runway } from './runway.js';
import { SettlementList } from './settlement-list.js';
import {
  chainOptionsOf,
  checkSettlementOptions,
  pollMs,
  type SettlementOptions,
} from './settlement-options.js';
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
  settlements: SettlementList;
  reconciliation: Reconciliation;
  runs: ReconciliationRuns;
  foreign: ForeignPayments;
}

/** Puts settlement together from its parts. Nothing is asked of a chain or a database yet. @throws SettlementOptionsError */
export function assembleSettlement(rooms: SettlementRooms, options: SettlementOptions): SettlementDoors {
  checkSettlementOptions(options);
  const { database, ledger, books, audit, alerts } = rooms;
  const chainOptions = chainOptionsOf(options);
  const chain = chainOptions && new TreasuryChain(chainOptions);
  const work = chain && chainWork(rooms, options, chain);
  const reservation = new PayoutReservation(database, ledger, books, alerts, audit, options, work?.guard);
  const settler = new Settler(database, reservation, work);
  const reconciliation = new Reconciliation(
    database,
    work && { ...work, gas: new GasAccount(database, work.chain, ledger) },
  );
  return {
    settler,
    reconciliation,
    payouts: new Payouts(database, ledger, audit, reservation, settler),
    settlements: new SettlementList(database, audit),
    runs: new ReconciliationRuns(database, reconciliation, audit),
    foreign: new ForeignPayments(database, ledger, audit, chain),
  };
}

function chainWork(
  { database, ledger, audit }: SettlementRooms,
  options: SettlementOptions,
  chain: TreasuryChain,
): ChainWork {
  const scan = new AuthorizationScan(database, chain, ledger, new LostBlocks(database, chain, ledger, audit));
  const seen = new SeenPayments(database, chain, ledger);
  const finality = new SettlementFinality(database, chain, scan, seen, ledger, audit);
  const identities = new IdentityCheck(database, chain, scan);
  const guard = new BooksGuard(database, chain, scan, identities, audit, options.checkSeconds);
  return {
    chain,
    scan,
    guard,
    runway: new Runway(database, chain),
    signing: new SettlementSigning(database, chain, guard, seen, options),
    broadcasting: new Broadcasting(database, chain),
    watch: new SettlementWatch(database, chain, finality, options),
    feeBump: new FeeBump(database, chain, options),
    cancelled: new CancelledPayouts(database, chain, scan, seen, ledger),
    pollMs: pollMs(options),
  };
}
