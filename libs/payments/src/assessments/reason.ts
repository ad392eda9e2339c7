/** Why a period was not paid. Codes are part of the public contract: add, never rename. docs/assessment.md tells more. */
export const reasonCodes = [
  'below_threshold',
  'missing_services',
  'no_evidence',
  'bad_signature',
  'wrong_worker',
  'stale_challenge',
  'wrong_window',
  'wrong_capability',
  'clock_skew',
  'malformed_report',
  'equivocation',
  'shared_worker',
  'shared_stack',
  'orchestrator_paused',
] as const;

export type ReasonCode = (typeof reasonCodes)[number];
