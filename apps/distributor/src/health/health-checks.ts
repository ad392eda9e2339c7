import { Assessments, Settler } from '#payments';
import { type HealthCheck } from '#platform';
import { Database } from '#platform/database';
import type { DistributorConfig } from '../distributor.config.js';
import { AssessPeriodsSchedule } from '../schedules/assess-periods.schedule.js';
import { BooksOpening } from '../schedules/books-opening.js';
import { SettleBalancesSchedule } from '../schedules/settle-balances.schedule.js';
import type { Turn } from '../schedules/turn.js';

/** A turn may be long after a pause: it catches up with every missed period. Beyond this it hangs. */
const longestTurnMs = 5 * 60_000;

/** What must work for the distributor to do what it is for; each throws a sentence that names what does not. */
export function distributorHealthChecks(
  config: DistributorConfig,
  database: Database,
  opening: BooksOpening,
  schedule: AssessPeriodsSchedule,
  assessments: Assessments,
  settler: Settler,
  settling: SettleBalancesSchedule,
): HealthCheck[] {
  const checks: HealthCheck[] = [
    {
      name: 'process',
      check: () => {
        if (opening.isStopping())
          throw new Error('it is ending: what is under way is finished, nothing begins');
        return {};
      },
    },
    {
      name: 'database',
      check: async () => {
        await database.ping();
        return {};
      },
    },
    { name: 'assessment', check: () => checkAssessment(opening, schedule, assessments) },
    { name: 'settlement', check: () => checkTurns(settling.outcome) },
  ];
  if (config.settlement.method === 'ledger') return checks;
  return [...checks, { name: 'chain', check: () => settler.status() }];
}

/** Lag of our own work only: a worker that cannot be reached keeps its period pending and us ready. */
async function checkAssessment(
  opening: BooksOpening,
  schedule: AssessPeriodsSchedule,
  assessments: Assessments,
): Promise<Record<string, unknown>> {
  if (!opening.isOpen) throw new Error('the books are not open yet');
  checkTurns(schedule.outcome);
  const lastPeriodEnd = await assessments.lastPeriodEnd();
  return { last_period_end: lastPeriodEnd?.toISOString() ?? null };
}

function checkTurns({ failure, lastSuccessAtMs }: Turn['outcome']): Record<string, unknown> {
  if (failure !== undefined) throw new Error(`the last turn failed: ${failure}`);
  if (lastSuccessAtMs !== undefined && Date.now() - lastSuccessAtMs > longestTurnMs) {
    throw new Error(`no turn has ended since ${new Date(lastSuccessAtMs).toISOString()}`);
  }
  return {};
}
