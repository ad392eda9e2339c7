import { Module } from '@nestjs/common';
import { AdjustmentsController } from './adjustments.controller.js';
import { AlertsController } from './alerts.controller.js';
import { AssessmentsController } from './assessments.controller.js';
import { AuditController } from './audit.controller.js';
import { BalancesController } from './balances.controller.js';
import { CsvExports } from './csv/csv-exports.js';
import { ImportController } from './import/import.controller.js';
import { OrchestratorsController } from './orchestrators.controller.js';
import { PaymentsController } from './payments.controller.js';
import { PayoutsController } from './payouts.controller.js';
import { PoliciesController } from './policies.controller.js';
import { RatesController } from './rates.controller.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { StatementsController } from './statements.controller.js';
import { WorkerUrls } from './worker-urls.js';

/** The REST interface of the payer's operator. */
@Module({
  controllers: [
    ImportController,
    OrchestratorsController,
    RatesController,
    PoliciesController,
    AssessmentsController,
    BalancesController,
    StatementsController,
    AdjustmentsController,
    PaymentsController,
    PayoutsController,
    ReconciliationController,
    AuditController,
    AlertsController,
  ],
  providers: [CsvExports, WorkerUrls],
})
export class RestModule {}
