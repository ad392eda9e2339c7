import type { AlertKey, Trouble } from '../alert.js';
import type { AlertKind } from '../alert-kinds.js';
import type { AlertFacts } from './alert-facts.js';
import type { AlertSettings } from './alert-settings.js';

/** What a rule finds now. What no rule finds any more is over. */
export interface Condition extends Trouble {
  /** `keep`: not bad enough to open an alert, not good enough to end one, or not known. */
  level: 'raise' | 'keep';
  /** Bad enough, but too early to open an alert about it: it explains others all the same. */
  isTooEarly?: boolean;
  /** While one of these is open, or would be opened now, it is the one to look at. */
  explainedBy?: readonly AlertKey[];
}

export interface AlertRule {
  kinds: readonly AlertKind[];
  /** Must hold, or be gone, for the time of the settings' patience. */
  isPatient?: boolean;
  /** `unknown`: its alerts stay as they are. */
  judge(facts: AlertFacts, settings: AlertSettings): readonly Condition[] | 'unknown';
}

export const orchestratorSubject = (id: string): string => `orchestrator/${id}`;
export const serviceSubject = (id: string, service: string): string =>
  `orchestrator/${id}/service/${service}`;
export const isoOf = (ms: number): string => new Date(ms).toISOString();
