/** Codes of the books in plain words. */
export const stateWords = {
  on_air: 'On air',
  degraded: 'Partly off air',
  off_air: 'Off air',
  unknown: 'No word',
  waiting: 'Waiting',
  paused: 'Paused',
} as const;

export type Tone = 'up' | 'partly' | 'down' | 'unknown';

export const stateTones: Record<keyof typeof stateWords, Tone> = {
  on_air: 'up',
  degraded: 'partly',
  off_air: 'down',
  unknown: 'unknown',
  waiting: 'unknown',
  paused: 'unknown',
};

export const serviceTones: Record<string, Tone> = {
  up: 'up',
  partly: 'partly',
  down: 'down',
  starting: 'partly',
  unknown: 'unknown',
};

export const payoutWords: Record<string, string> = {
  reserved: 'Reserved',
  sent: 'Sent',
  mined: 'Mined',
  paid: 'Paid',
  returned: 'Given back',
  held: 'Held',
};

export const payoutTones: Record<string, Tone> = {
  reserved: 'unknown',
  sent: 'partly',
  mined: 'partly',
  paid: 'up',
  returned: 'unknown',
  held: 'down',
};

export const decisionTones: Record<string, Tone> = { paid: 'up', unpaid: 'down', pending: 'unknown' };

const reasons: Record<string, string> = {
  below_threshold: 'services were up for too little of it',
  missing_services: 'a required service is missing from the report',
  no_evidence: 'the worker gave no report in time',
  bad_signature: 'the report is not signed as it should be',
  wrong_worker: 'the report is signed by another key than the accepted one',
  stale_challenge: 'the report answers another question than ours',
  wrong_window: 'the report is about another time',
  wrong_capability: 'the worker offers another capability',
  clock_skew: "the worker's clock is too far off",
  malformed_report: 'the report cannot be read',
  equivocation: 'the worker signed two reports that contradict each other',
  shared_worker: 'another payee was paid for this worker',
  shared_stack: 'another payee was paid for these containers',
  orchestrator_paused: 'it was paused',
};

/** A code that this page does not know yet is shown as it is. */
export const reasonWords = (code: string): string => reasons[code] ?? code.replaceAll('_', ' ');
