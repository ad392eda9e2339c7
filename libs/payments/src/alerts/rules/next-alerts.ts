import { type AlertKey, keyOf, type Trouble } from '../alert.js';
import type { AlertFacts } from './alert-facts.js';
import type { AlertSettings } from './alert-settings.js';
import type { AlertRule, Condition } from './condition.js';

/** A condition on its way: it holds and is not an alert yet, or it is gone and its alert is not over yet. */
export interface Waiting extends AlertKey {
  holds: boolean;
  sinceMs: number;
}

export interface OpenAlert extends AlertKey {
  text: string;
}

export interface AlertState {
  /** Of every kind, also of those that no rule looks for: they explain others. */
  open: readonly OpenAlert[];
  waiting: readonly Waiting[];
}

export interface AlertChanges {
  /** To be opened, or open with another text. */
  raise: Trouble[];
  resolve: AlertKey[];
  /** All that wait from now on. */
  waiting: Waiting[];
}

/** What becomes of the alerts, given what the rules find now. Pure: the same answer for the same facts. */
export function nextAlerts(
  rules: readonly AlertRule[],
  facts: AlertFacts,
  state: AlertState,
  settings: AlertSettings,
): AlertChanges {
  const open = new Map(state.open.map((alert) => [keyOf(alert), alert]));
  const waiting = new Map(state.waiting.map((each) => [keyOf(each), each]));
  const judged = rules.map((rule) => ({ rule, found: rule.judge(facts, settings) }));
  const explaining = new Set(open.keys());
  for (const { rule, found } of judged) {
    // What must still last before it is told explains nothing yet.
    if (found === 'unknown' || rule.isPatient === true) continue;
    for (const condition of found) if (condition.level === 'raise') explaining.add(keyOf(condition));
  }
  const changes: AlertChanges = { raise: [], resolve: [], waiting: [] };
  for (const { rule, found } of judged) {
    const patienceMs = rule.isPatient === true ? settings.patienceMs : 0;
    if (found === 'unknown') {
      changes.waiting.push(...state.waiting.filter(({ kind }) => rule.kinds.includes(kind)));
      continue;
    }
    /** True once it has lasted; until then it waits. */
    const hasLasted = (key: AlertKey, holds: boolean): boolean => {
      const before = waiting.get(keyOf(key));
      const sinceMs = before?.holds === holds ? before.sinceMs : facts.nowMs;
      if (facts.nowMs - sinceMs >= patienceMs) return true;
      changes.waiting.push({ kind: key.kind, subject: key.subject, holds, sinceMs });
      return false;
    };
    for (const condition of found) {
      const isOpen = open.get(keyOf(condition));
      if (isOpen) {
        if (condition.level === 'raise' && isOpen.text !== condition.text)
          changes.raise.push(troubleOf(condition));
      } else if (opens(condition) && !isExplained(condition, explaining)) {
        if (hasLasted(condition, true)) changes.raise.push(troubleOf(condition));
      }
    }
    const now = new Set(found.map(keyOf));
    for (const alert of state.open) {
      if (!rule.kinds.includes(alert.kind) || now.has(keyOf(alert))) continue;
      if (hasLasted(alert, false)) changes.resolve.push({ kind: alert.kind, subject: alert.subject });
    }
  }
  return changes;
}

const opens = ({ level, isTooEarly = false }: Condition): boolean => level === 'raise' && !isTooEarly;

const isExplained = ({ explainedBy = [] }: Condition, explaining: ReadonlySet<string>): boolean =>
  explainedBy.some((cause) => explaining.has(keyOf(cause)));

const troubleOf = ({ kind, subject, text, details = {} }: Condition): Trouble => ({
  kind,
  subject,
  text,
  details,
});
