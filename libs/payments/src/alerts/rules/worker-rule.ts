import type { AlertKey } from '../alert.js';
import type { AlertFacts, OrchestratorFacts } from './alert-facts.js';
import type { AlertSettings } from './alert-settings.js';
import { type AlertRule, type Condition, isoOf, orchestratorSubject } from './condition.js';

/** So few may fail together by chance. */
const FEWEST_FOR_ONE_CAUSE = 3;

const everywhere: AlertKey = { kind: 'evidence_source_down', subject: 'evidence' };

/** A worker that was asked and does not tell. */
export const workerRule: AlertRule = {
  kinds: ['worker_unreachable'],
  judge: (facts, settings) =>
    facts.orchestrators.flatMap((orchestrator): Condition[] => {
      const silent = silenceOf(orchestrator, facts, settings);
      if (silent === 'no') return [];
      const { id, name, failures, unansweredSinceMs, lastFailure } = orchestrator;
      const since = isoOf(unansweredSinceMs ?? facts.nowMs);
      return [
        {
          ...{ kind: 'worker_unreachable', subject: orchestratorSubject(id) },
          level: silent === 'long' ? 'raise' : 'keep',
          isTooEarly: !isSilentByItself(orchestrator, facts, settings),
          text:
            failures > 0
              ? `The worker of ${name} has not answered for any period since ${since}: ${lastFailure ?? 'no answer'}`
              : `The worker of ${name} answers, but has no report for any period since ${since}: ${lastFailure ?? 'not yet'}`,
          details: { orchestrator_id: id, unanswered_since: since, last_failure: lastFailure },
          explainedBy: [everywhere],
        },
      ];
    }),
};

/** When most workers are silent, what they have in common is at fault: our network, or the gateway. */
export const evidenceSourceRule: AlertRule = {
  kinds: ['evidence_source_down'],
  judge: (facts, settings) => {
    const silences = facts.orchestrators.map((each) => silenceOf(each, facts, settings));
    const long = silences.filter((silence) => silence === 'long').length;
    const any = silences.filter((silence) => silence !== 'no').length;
    const all = silences.length;
    const isMost = long >= FEWEST_FOR_ONE_CAUSE && long * 2 > all;
    if (!isMost && any * 4 <= all) return [];
    const [example] = facts.orchestrators.filter(({ unansweredSinceMs }) => unansweredSinceMs !== null);
    return [
      {
        ...everywhere,
        level: isMost ? 'raise' : 'keep',
        text:
          `${long} of ${all} workers do not answer: look at this host's network, its DNS and the gateway first. ` +
          `One of them says: ${example?.lastFailure ?? 'nothing'}`,
        details: { silent: long, active: all },
      },
    ];
  },
};

function silenceOf(
  { unansweredSinceMs }: OrchestratorFacts,
  { nowMs, periodMs }: AlertFacts,
  { downPeriods }: AlertSettings,
): 'no' | 'short' | 'long' {
  if (unansweredSinceMs === null) return 'no';
  const silentMs = nowMs - unansweredSinceMs;
  // Its report about a period may come some seconds after the period's end.
  if (silentMs < periodMs) return 'no';
  return silentMs >= downPeriods * periodMs ? 'long' : 'short';
}

/** Who has not been asked again since an outage of everybody's evidence may be as well as the others. */
const isSilentByItself = (
  { silentByItselfSinceMs }: OrchestratorFacts,
  { nowMs, periodMs }: AlertFacts,
  { downPeriods }: AlertSettings,
): boolean => silentByItselfSinceMs !== null && nowMs - silentByItselfSinceMs >= downPeriods * periodMs;
