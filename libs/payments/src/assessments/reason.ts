/** Why a period was not paid. Codes are part of the public contract: add, never rename. */
export const reasonCodes = [
  'below_threshold',
  'missing_services',
  'no_evidence',
  'bad_signature',
  'wrong_worker',
  'stale_challenge',
  'wrong_window',
  'clock_skew',
  'malformed_report',
  'shared_worker',
  'orchestrator_paused',
] as const;

export type ReasonCode = (typeof reasonCodes)[number];
