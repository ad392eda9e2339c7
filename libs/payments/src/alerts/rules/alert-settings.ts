/** When people want to hear of something. */
export interface AlertSettings {
  /** A service that had no up time in so many periods in a row is down; a worker that is silent for so many is away. */
  downPeriods: number;
  /** An orchestrator that was not paid for so many periods in a row. */
  unpaidPeriods: number;
  /** A payout on a chain that is neither paid nor held this long after it was made. */
  payoutStuckMs: number;
  /** The oldest period that nobody has looked at may be this old. */
  lagMs: number;
  /** Money or gas for fewer hours than this. */
  runwayHours: number;
  /** What is not counted in periods must hold this long before it is told, and be gone this long before it is over. */
  patienceMs: number;
  /** While an alert stays open, people are told again this often; 0: never. */
  reminderMs: number;
}

export const ALERT_SETTINGS = Symbol('ALERT_SETTINGS');

/** Up, or paid, for so many periods in a row: only then is it over. */
export const RECOVERY_PERIODS = 2;
