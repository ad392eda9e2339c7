import {
  type DynamicModule,
  type FactoryProvider,
  Global,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';

import { Database } from '#platform/database';

import { Alerts } from '../alerts/alerts.js';
import { AuditLog } from '../audit/audit-log.js';
import { Books } from '../books/books.js';
import { Ledger } from '../ledger/ledger.js';
import { Payouts } from '../payouts/payouts.js';
import { ForeignPayments } from '../reconciliation/foreign-payments.js';
import { Reconciliation } from '../reconciliation/reconciliation.js';
import { ReconciliationRuns } from '../reconciliation/reconciliation-runs.js';
import { assembleSettlement, type SettlementDoors } from './assemble.js';
import { SETTLEMENT_OPTIONS, type SettlementOptions } from './settlement-options.js';
import { SettlementList } from './settlement-list.js';
import { Settler } from './settler.js';

const DOORS = Symbol('SETTLEMENT_DOORS');

interface SettlementModuleOptions {
  imports?: NonNullable<ModuleMetadata['imports']>;
  inject?: NonNullable<FactoryProvider['inject']>;
  useFactory: FactoryProvider<SettlementOptions>['useFactory'];
}

/**
 * What people and schedules use of settlement. Needs `BooksModule` and `DatabaseModule`. It starts no loop: whoever
 * schedules calls `Settler.tick()`.
 */
@Global()
@Module({})
export class SettlementModule {
  static forRoot(options: SettlementOptions, imports: ModuleMetadata['imports'] = []): DynamicModule {
    return SettlementModule.forRootAsync({ imports: [...imports], useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: SettlementModuleOptions): DynamicModule {
    return {
      module: SettlementModule,
      imports,
      providers: [
        { provide: SETTLEMENT_OPTIONS, inject, useFactory },
        {
          provide: DOORS,
          inject: [Database, Ledger, Books, AuditLog, Alerts, SETTLEMENT_OPTIONS],
          useFactory: (
            database: Database,
            ledger: Ledger,
            books: Books,
            audit: AuditLog,
            alerts: Alerts,
            options: SettlementOptions,
          ) => assembleSettlement({ database, ledger, books, audit, alerts }, options),
        },
        { provide: Payouts, inject: [DOORS], useFactory: (doors: SettlementDoors) => doors.payouts },
        { provide: Settler, inject: [DOORS], useFactory: (doors: SettlementDoors) => doors.settler },
        {
          provide: Reconciliation,
          inject: [DOORS],
          useFactory: (doors: SettlementDoors) => doors.reconciliation,
        },
        { provide: ReconciliationRuns, inject: [DOORS], useFactory: (doors: SettlementDoors) => doors.runs },
        { provide: ForeignPayments, inject: [DOORS], useFactory: (doors: SettlementDoors) => doors.foreign },
        {
          provide: SettlementList,
          inject: [DOORS],
          useFactory: (doors: SettlementDoors) => doors.settlements,
        },
      ],
      exports: [Payouts, Settler, SettlementList, Reconciliation, ReconciliationRuns, ForeignPayments],
    };
  }
}
