import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { HistoryModule } from '../history/history.module.js';
import { CsvExports } from '../rest/csv/csv-exports.js';
import { OwnOrchestrators } from './own-orchestrators.js';
import { PayeeController } from './payee.controller.js';
import { SignInMessages } from './sign-in-messages.js';
import { SiweController } from './siwe.controller.js';

/** The payee's own view. Its files have a bound of their own, so that payees cannot hold up the payer's. */
@Module({
  imports: [AuthModule, HistoryModule],
  controllers: [SiweController, PayeeController],
  providers: [SignInMessages, OwnOrchestrators, CsvExports],
})
export class PayeeModule {}
