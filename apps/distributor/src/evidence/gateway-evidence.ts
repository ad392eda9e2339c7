import type { JobOutcome, PayerNetwork } from '#livepeer';
import type { EvidenceOutcome, EvidenceRequest, EvidenceSource } from '#payments';
import { toIsoTime } from '#platform';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { notYetFrom, parseJson } from './not-yet.js';

const answerSchema = z.object({ report: z.record(z.string(), z.unknown()) });

/** Where a worker takes jobs, whatever its capability is called. */
const reportRoute = '/agent-net';

/** A report is signed in a millisecond; with this the gateway's own patience ends after 15 s (see `clientDeadlineMs`). */
const jobTimeoutSeconds = 5;

/** Asks through the network: one BYOC job per orchestrator and period proves the path and carries the report. */
export class GatewayEvidence implements EvidenceSource {
  constructor(
    private readonly network: Pick<PayerNetwork, 'send'>,
    private readonly capability: string,
  ) {}

  async fetch({ orchestrator, fromMs, toMs, challenge, signal }: EvidenceRequest): Promise<EvidenceOutcome> {
    const id = randomUUID();
    const outcome = await this.network.send(
      {
        id,
        capability: this.capability,
        route: reportRoute,
        orchestratorUrl: orchestrator.serviceUri,
        timeoutSeconds: jobTimeoutSeconds,
        body: {
          agent_id: 'distributor',
          action: 'report',
          job_id: id,
          challenge,
          from: toIsoTime(fromMs),
          to: toIsoTime(toMs),
        },
      },
      signal,
    );
    return judge(outcome, toMs);
  }
}

function judge(outcome: JobOutcome, toMs: bigint): EvidenceOutcome {
  if (outcome.kind === 'success') {
    const answer = answerSchema.safeParse(outcome.body);
    return answer.success
      ? { kind: 'report', signed: answer.data.report, latencyMs: outcome.latencyMs }
      : { kind: 'failed', detail: 'The job succeeded, but its answer carries no report.' };
  }
  // The worker's 409 travels back as the body of a failed job.
  const notYet = outcome.body === undefined ? undefined : notYetFrom(parseJson(outcome.body), toMs);
  return notYet ?? { kind: 'failed', detail: `The job through the gateway failed: ${outcome.detail}` };
}
