import { chainRule, gasRule, reconciliationRule, refusedRule, treasuryRule } from './chain-rules.js';
import type { AlertRule } from './condition.js';
import { lagRule } from './lag-rule.js';
import { heldRule, pauseRule, stuckRule } from './payout-rules.js';
import { serviceRule } from './service-rule.js';
import { unpaidRule } from './unpaid-rule.js';
import { evidenceSourceRule, workerRule } from './worker-rule.js';

/** What is found by looking at the books and the chain now and then; other kinds are raised by whoever meets them. */
export const alertRules: readonly AlertRule[] = [
  ...[workerRule, evidenceSourceRule, serviceRule, unpaidRule],
  ...[heldRule, stuckRule, pauseRule],
  ...[chainRule, refusedRule, treasuryRule, gasRule, reconciliationRule],
  lagRule,
];
