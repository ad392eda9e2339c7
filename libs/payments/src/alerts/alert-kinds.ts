export const severities = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

interface KindTraits {
  severity: Severity;
  /** For people: what it is, in a few words. */
  title: string;
  /** Said once, over by itself: no reminder and no recovery notice, and told even when it was over at once. */
  announcement?: true;
}

/** Kinds are part of the public contract: add, never rename. Each has its section in docs/operations.md. */
const traits = {
  assessment_lagging: { severity: 'critical', title: 'Periods are judged late' },
  chain_refused: { severity: 'critical', title: 'Settlement refuses to work on this chain' },
  chain_unreachable: { severity: 'critical', title: 'No node of the chain answers' },
  database_unavailable: { severity: 'critical', title: 'The database does not answer' },
  equivocation: { severity: 'warning', title: 'A worker signed two different reports about one time' },
  evidence_source_down: { severity: 'critical', title: 'Most workers cannot be reached' },
  gas_low: { severity: 'critical', title: 'The gas payer runs out of gas' },
  lane_paused: { severity: 'critical', title: 'Signing has stopped' },
  late_evidence: { severity: 'info', title: 'Evidence came after the decision' },
  orchestrator_unpaid: { severity: 'warning', title: 'An orchestrator earns nothing' },
  payout_address_changed: {
    severity: 'info',
    title: 'A payout address is being changed',
    announcement: true,
  },
  payout_address_missing: { severity: 'warning', title: 'A payout waits for an address' },
  payout_held: { severity: 'warning', title: 'A payout is held' },
  payout_stuck: { severity: 'critical', title: 'Payouts are not getting paid' },
  reconciliation_difference: { severity: 'critical', title: 'Ledger and chain disagree' },
  service_down: { severity: 'warning', title: 'A service is down' },
  settlement_paused: { severity: 'warning', title: 'Payouts are paused' },
  shared_stack: { severity: 'warning', title: 'Two orchestrators claim one stack' },
  treasury_low: { severity: 'critical', title: 'The treasury runs out of money' },
  worker_clock_skew: { severity: 'warning', title: "A worker's clock is off" },
  worker_unreachable: { severity: 'warning', title: 'A worker cannot be reached' },
  wrong_worker: { severity: 'warning', title: 'Reports are signed with a wrong key' },
} as const satisfies Record<string, KindTraits>;

export type AlertKind = keyof typeof traits;

const isKind = (name: string): name is AlertKind => Object.hasOwn(traits, name);
export const alertKinds = Object.keys(traits).filter(isKind);

export const traitsOf = (kind: AlertKind): KindTraits => traits[kind];
export const announcements = alertKinds.filter((kind) => traitsOf(kind).announcement === true);
export const withReminders = alertKinds.filter((kind) => traitsOf(kind).severity !== 'info');
