import { type AlertRule, isoOf } from './condition.js';

/** Our own work is late: periods wait although their workers were not even asked. */
export const lagRule: AlertRule = {
  kinds: ['assessment_lagging'],
  judge: ({ backlog, nowMs }, { lagMs }) => {
    if (backlog === undefined) return 'unknown';
    const { oldestUntouchedMs, periods } = backlog;
    if (oldestUntouchedMs === null || nowMs - oldestUntouchedMs < lagMs / 2) return [];
    return [
      {
        ...{ kind: 'assessment_lagging', subject: 'assessments' },
        level: nowMs - oldestUntouchedMs >= lagMs ? 'raise' : 'keep',
        text: `Periods since ${isoOf(oldestUntouchedMs)} wait to be judged; their workers have not been asked yet`,
        details: { oldest_period_end: isoOf(oldestUntouchedMs), periods },
      },
    ];
  },
};
