import { type DynamicModule, Module } from '@nestjs/common';

import { Adjustments } from '../adjustments/adjustments.js';
import { Alerts } from '../alerts/alerts.js';
import { Silences } from '../alerts/silences.js';
import { Assessments } from '../assessments/assessments.js';
import { Assessor } from '../assessments/assessor.js';
import { LateEvidence } from '../assessments/late-evidence.js';
import { AuditLog } from '../audit/audit-log.js';
import { Balances } from '../balances/balances.js';
import { RequestKeys } from '../idempotency/request-keys.js';
import { EvidenceJobs } from '../evidence-jobs/evidence-jobs.js';
import { Ledger } from '../ledger/ledger.js';
import { OperatingFactsReader } from '../operations/operating-facts.js';
import { Orchestrators } from '../orchestrators/orchestrators.js';
import { Policies } from '../policies/policies.js';
import { Rates } from '../rates/rates.js';
import { Sealing } from '../sealing/sealing.js';
import { Statements } from '../statements/statements.js';
import { BOOKS_OPTIONS, type BooksOptions } from './books-options.js';
import { Books } from './books.js';

const services = [
  AuditLog,
  RequestKeys,
  Alerts,
  Silences,
  OperatingFactsReader,
  Ledger,
  Books,
  Rates,
  Sealing,
  Policies,
  Orchestrators,
  Assessments,
  Assessor,
  LateEvidence,
  EvidenceJobs,
  Balances,
  Adjustments,
  Statements,
];

/** The books, on top of the platform's `Database`. Global: the settlement stands on them. */
@Module({})
export class BooksModule {
  static forRoot(options: BooksOptions): DynamicModule {
    return {
      module: BooksModule,
      global: true,
      providers: [{ provide: BOOKS_OPTIONS, useValue: options }, ...services],
      exports: [BOOKS_OPTIONS, ...services],
    };
  }
}
