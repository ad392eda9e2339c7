import { Module } from '@nestjs/common';
import { AssessmentsController } from './assessments.controller.js';
import { AuditController } from './audit.controller.js';
import { BalancesController } from './balances.controller.js';
import { OrchestratorsController } from './orchestrators.controller.js';
import { PaymentsController } from './payments.controller.js';
import { PayoutsController } from './payouts.controller.js';
import { PoliciesController } from './policies.controller.js';
import { RatesController } from './rates.controller.js';
import { ReconciliationController } from './reconciliation.controller.js';

/** The REST interface of the payer's operator. */
@Module({
  controllers: [
    OrchestratorsController,
    RatesController,
    PoliciesController,
    AssessmentsController,
    BalancesController,
    PaymentsController,
    PayoutsController,
    ReconciliationController,
    AuditController,
  ],
})
export class RestModule {}
