import { type OrchestratorFacts, type PeriodFacts } from './alert-facts.js';
import { RECOVERY_PERIODS } from './alert-settings.js';
import { type AlertRule, type Condition, isoOf, orchestratorSubject, serviceSubject } from './condition.js';

/** A required service without any up time in the newest periods. Periods without a sound report say nothing of it. */
export const serviceRule: AlertRule = {
  kinds: ['service_down'],
  judge: ({ orchestrators }, { downPeriods }) =>
    orchestrators.flatMap((orchestrator) =>
      orchestrator.requiredServices.flatMap((service) => conditionOf(orchestrator, service, downPeriods)),
    ),
};

function conditionOf(
  { id, name, periods }: OrchestratorFacts,
  service: string,
  downPeriods: number,
): Condition[] {
  const [newest] = periods;
  if (!newest) return [];
  const newestDown = lastWhile(periods, (period) => period.services?.down.includes(service) === true);
  const isSoundAgain =
    periods.length >= RECOVERY_PERIODS &&
    periods.slice(0, RECOVERY_PERIODS).every((period) => isFullyUp(period, service));
  if (newestDown.length === 0 && isSoundAgain) return [];
  const since = isoOf(newestDown.at(-1)?.startMs ?? newest.startMs);
  const subject = orchestratorSubject(id);
  return [
    {
      ...{ kind: 'service_down', subject: serviceSubject(id, service) },
      level: newestDown.length >= downPeriods ? 'raise' : 'keep',
      text: `${service} of ${name} has had no up time in the last ${downPeriods} periods or more`,
      details: { orchestrator_id: id, service, down_since_at_least: since },
      explainedBy: [
        { kind: 'worker_unreachable', subject },
        { kind: 'evidence_source_down', subject: 'evidence' },
      ],
    },
  ];
}

const isFullyUp = ({ services }: PeriodFacts, service: string): boolean =>
  services !== null && !services.down.includes(service) && !services.partly.includes(service);

function lastWhile<T>(items: readonly T[], holds: (item: T) => boolean): readonly T[] {
  const end = items.findIndex((item) => !holds(item));
  return end === -1 ? items : items.slice(0, end);
}
