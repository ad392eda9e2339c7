export {
  aggregateUptime,
  type AggregatedUptime,
  floorPercentage,
  isAboveThreshold,
  type MeasuredWindow,
  type UptimeAggregation,
  uptimeAggregations,
  type UptimeShare,
} from './aggregation.js';
export {
  InvalidPrivateKeyError,
  InvalidSignatureError,
  recoverReportSigner,
  ReportSigner,
} from './report-signer.js';
export { reportDigest, reportDomain, reportMessage, reportTypes, servicesHash } from './typed-data.js';
export { type ServiceUptime, type SignedReport, type UptimeReport, zeroBytes32 } from './uptime-report.js';
export {
  MalformedReportError,
  parseSignedReport,
  type ReportFault,
  signedReportSchema,
  signedReportToWire,
  type SignedReportWire,
} from './wire.js';
export { loadOrCreateWorkerKey, WorkerKeyError, type WorkerKeyOptions } from './worker-key.js';
