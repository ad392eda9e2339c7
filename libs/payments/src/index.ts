export {
  type Adjustment,
  MAX_ADJUSTMENT_MICRO_USD,
  type NewAdjustment,
  REASON_LENGTH,
} from './adjustments/adjustment.js';
export { Adjustments, type PostedAdjustment } from './adjustments/adjustments.js';
export type { Alert, AlertFilter, AlertKey, Trouble } from './alerts/alert.js';
export { type AlertKind, alertKinds, severities, type Severity, traitsOf } from './alerts/alert-kinds.js';
export { Alerts } from './alerts/alerts.js';
export { AlertWatch, type OutsideFacts } from './alerts/alert-watch.js';
export type { AlertEvent, AlertEventName, ClaimedEvent, EventAlert } from './alerts/notices/alert-event.js';
export { Notices, payloadOf } from './alerts/notices/notices.js';
export { type ChannelState, type Delivery, type DeliveryStatus, Outbox } from './alerts/notices/outbox.js';
export type { AlertSettings } from './alerts/rules/alert-settings.js';
export { type NewSilence, type Silence, type SilenceFilter, Silences } from './alerts/silences.js';
export {
  type Assessment,
  type AssessmentFilter,
  Assessments,
  type ExchangeFacts,
} from './assessments/assessments.js';
export type { EvidenceJob, NewEvidenceJob } from './evidence-jobs/evidence-job.js';
export { EvidenceJobs } from './evidence-jobs/evidence-jobs.js';
export { LateEvidence } from './assessments/late-evidence.js';
export type { LateReportRecord } from './assessments/kept-reports.js';
export type { AssessmentRecord } from './assessments/assessment.js';
export { Assessor } from './assessments/assessor.js';
export type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from './assessments/evidence-source.js';
export { type ReasonCode, reasonCodes } from './assessments/reason.js';
export { decompressReport } from './assessments/stored-report.js';
export { type AuditEntry, AuditLog, type AuditRecord } from './audit/audit-log.js';
export { adoptPayments, type Adoption, NotPausedError } from './backup/adopt-payments.js';
export { BackupFile } from './backup/backup-file.js';
export {
  BackupExistsError,
  BackupRefusedError,
  DatabaseNotEmptyError,
  NoBooksError,
  RestoreFailedError,
} from './backup/backup-errors.js';
export type { BackupHeader } from './backup/backup-format.js';
export type { BackupProgress } from './backup/backup-progress.js';
export type { BooksSummary } from './backup/books-summary.js';
export { type RestoredBooks, restoreBooks } from './backup/restore-books.js';
export { writeBackup } from './backup/write-backup.js';
export { type Balance, Balances } from './balances/balances.js';
export { BOOKS_OPTIONS, type BooksOptions } from './books/books-options.js';
export { BooksModule } from './books/books.module.js';
export { type Book, Books } from './books/books.js';
export {
  ConflictError,
  NotFoundError,
  PeriodMismatchError,
  RuleError,
  WorkerAddressTakenError,
} from './books/errors.js';
export type { Page, PageRequest } from './books/page.js';
export { type KeyedAnswer, type KeyedRequest, RequestKeys } from './idempotency/request-keys.js';
export { account } from './ledger/account.js';
export {
  type EntryKind,
  InvalidEntryError,
  type NewJournalEntry,
  type Transfer,
} from './ledger/journal-entry.js';
export { Ledger, type PostedEntry } from './ledger/ledger.js';
export { applicationRole, paymentsMigrations } from './migrations/folder.js';
export { formatUsd, InvalidAmountError, MICRO_PER_USD, parseUsd, usdSchema } from './money/micro-usd.js';
export { rewardMicroUsd } from './money/reward.js';
export {
  type ImportedRow,
  type ImportFault,
  ImportRefusedError,
  type ImportReport,
  type ImportRow,
} from './orchestrators/import.js';
export type {
  EnvironmentOrchestrator,
  NewOrchestrator,
  Orchestrator,
  OrchestratorChange,
  OrchestratorStatus,
} from './orchestrators/orchestrator.js';
export { Orchestrators } from './orchestrators/orchestrators.js';
export { Policies, type PolicyChange, type PolicyInForce, type PolicyVersion } from './policies/policies.js';
export { type Rate, type RateChange, type RateInForce, Rates } from './rates/rates.js';
export { ChainUnavailableError, isChainFailure } from './chain/chain-unavailable.js';
export type { ChainOptions } from './chain/chain-options.js';
export { type OperatingFacts, OperatingFactsReader } from './operations/operating-facts.js';
export type { Finality } from './chain/finality.js';
export type {
  Payout,
  PayoutAttempt,
  PayoutChange,
  PayoutDetail,
  PayoutRun,
  PayoutSettlement,
  PayoutStatus,
  SkippedPayee,
} from './payouts/payout.js';
export type { OpenPayoutHistory, PayoutSelection } from './payouts/payout-history.js';
export { type PayoutFilter, Payouts } from './payouts/payouts.js';
export type { PauseState } from './payouts/settlement-control.js';
export {
  type AccountLine,
  type Difference,
  Reconciliation,
  type ReconciliationReport,
} from './reconciliation/reconciliation.js';
export { type ForeignPayment, ForeignPayments } from './reconciliation/foreign-payments.js';
export { type ReconciliationRun, ReconciliationRuns } from './reconciliation/reconciliation-runs.js';
export type { NodeHealth } from './chain/node-health.js';
export { mostDecimals } from './chain/token-units.js';
export type { RunwayReport } from './settlement/runway.js';
export {
  type SettlementFilter,
  SettlementList,
  type SettlementRecord,
} from './settlement/settlement-list.js';
export { type Seal, Sealing } from './sealing/sealing.js';
export type {
  Statement,
  StatementHead,
  StatementLine,
  StatementLineKind,
  StatementRange,
} from './statements/statement.js';
export { MAX_STATEMENT_LINES, type OpenStatement, Statements } from './statements/statements.js';
export { SettlementModule } from './settlement/settlement.module.js';
export {
  type SettlementMethod,
  type SettlementOptions,
  SettlementOptionsError,
} from './settlement/settlement-options.js';
export { Settler, type SettlementStatus } from './settlement/settler.js';
export type { CheckName, CheckResult, Finding } from './verification/finding.js';
export { onReadOnlyBooks } from './verification/read-only-books.js';
export { type Verification, verifyBooks, type VerifyBooksOptions } from './verification/verify-books.js';
