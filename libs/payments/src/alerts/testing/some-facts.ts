import type { AlertFacts, OrchestratorFacts, PeriodFacts } from '../rules/alert-facts.js';
import type { AlertSettings } from '../rules/alert-settings.js';

export const nowMs = Date.parse('2026-11-22T12:00:00Z');
export const periodMs = 60_000;

export const settings: AlertSettings = {
  downPeriods: 3,
  unpaidPeriods: 5,
  payoutStuckMs: 3_600_000,
  lagMs: 300_000,
  runwayHours: 24,
  patienceMs: 60_000,
  reminderMs: 14_400_000,
};

/** Books in which all is well, but for what a test says. */
export const facts = (change: Partial<AlertFacts> = {}): AlertFacts => ({
  nowMs,
  periodMs,
  orchestrators: [],
  payouts: { open: [], isWhole: true, pause: null, pausedLanes: [] },
  backlog: { oldestUntouchedMs: null, periods: 0 },
  chain: { state: 'ready', detail: null, waitsFor: null },
  funds: {
    treasuryMicroUsd: 1_000_000_000_000n,
    owedMicroUsd: 0n,
    payHours: 1_000,
    gasWei: 10n ** 18n,
    gasHours: 1_000,
  },
  reconciliation: { atMs: nowMs, differences: [] },
  ...change,
});

export const orchestrator = (change: Partial<OrchestratorFacts> = {}): OrchestratorFacts => ({
  id: 'o1',
  name: 'one',
  unansweredSinceMs: null,
  silentByItselfSinceMs: null,
  failures: 0,
  lastFailure: null,
  periods: periods(5),
  requiredServices: ['agent', 'redis'],
  ...change,
});

/** The newest first, all of them paid and whole but for what is said about each. */
export const periods = (
  count: number,
  change: (index: number) => Partial<PeriodFacts> = () => ({}),
): PeriodFacts[] =>
  Array.from({ length: count }, (_, index) => ({
    startMs: nowMs - (index + 1) * periodMs,
    endMs: nowMs - index * periodMs,
    decision: 'paid',
    reason: null,
    services: { down: [], partly: [] },
    ...change(index),
  }));

export const down = (...names: string[]): Partial<PeriodFacts> => ({
  decision: 'unpaid',
  reason: 'below_threshold',
  services: { down: names, partly: [] },
});
