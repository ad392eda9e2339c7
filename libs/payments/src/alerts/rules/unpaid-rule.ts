import type { AlertKind } from '../alert-kinds.js';
import { RECOVERY_PERIODS } from './alert-settings.js';
import { type AlertRule, type Condition, orchestratorSubject, serviceSubject } from './condition.js';

/** Each is by itself a reason why nothing is earned. */
const causes: readonly AlertKind[] = [
  'worker_unreachable',
  'wrong_worker',
  'shared_stack',
  'equivocation',
  'worker_clock_skew',
];

/** Nothing earned in the newest periods, and no other alert that says why. */
export const unpaidRule: AlertRule = {
  kinds: ['orchestrator_unpaid'],
  judge: ({ orchestrators }, { unpaidPeriods }) =>
    orchestrators.flatMap(({ id, name, periods, requiredServices }): Condition[] => {
      const newest = periods.slice(0, unpaidPeriods);
      if (newest.length === 0) return [];
      const recovery = newest.slice(0, RECOVERY_PERIODS);
      if (recovery.every(({ decision }) => decision === 'paid')) return [];
      const isUnpaid =
        newest.length === unpaidPeriods && newest.every(({ decision }) => decision === 'unpaid');
      const reasons = [...new Set(newest.flatMap(({ reason }) => reason ?? []))].sort();
      const subject = orchestratorSubject(id);
      return [
        {
          ...{ kind: 'orchestrator_unpaid', subject },
          level: isUnpaid ? 'raise' : 'keep',
          text: `${name} was not paid for ${unpaidPeriods} periods in a row or more: ${reasons.join(', ')}`,
          details: { orchestrator_id: id, reasons },
          explainedBy: [
            ...causes.map((kind) => ({ kind, subject })),
            { kind: 'evidence_source_down', subject: 'evidence' },
            ...requiredServices.map((service) => ({
              kind: 'service_down' as const,
              subject: serviceSubject(id, service),
            })),
          ],
        },
      ];
    }),
};
