import { type Job, type JobOutcome, normaliseOrchestratorUrl, type PayerNetwork } from '#livepeer';
import type { EvidenceOutcome, EvidenceRequest, EvidenceSource, NewEvidenceJob } from '#payments';
import { toIsoTime } from '#platform';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { notYetFrom, parseJson } from './not-yet.js';

const answerSchema = z.object({ report: z.record(z.string(), z.unknown()) });

/** Where a worker takes jobs, whatever its capability is called. */
const reportRoute = '/agent-net';

/** A report is signed in a millisecond; with this the gateway's own patience ends after 15 s (see `clientDeadlineMs`). */
const jobTimeoutSeconds = 5;

export interface GatewayEvidenceOptions {
  network: Pick<PayerNetwork, 'send'>;
  capability: string;
  /** Hears of each job, whatever came of it. */
  record: (job: NewEvidenceJob) => void;
}

/** Asks through the network: one BYOC job per orchestrator and period proves the path and carries the report. */
export class GatewayEvidence implements EvidenceSource {
  constructor(private readonly options: GatewayEvidenceOptions) {}

  async fetch(request: EvidenceRequest): Promise<EvidenceOutcome> {
    const job = this.jobOf(request);
    const sentAt = new Date();
    const outcome = await this.options.network.send(job, request.signal);
    const isSuccess = outcome.kind === 'success';
    this.options.record({
      orchestratorId: request.orchestrator.id,
      periodStart: new Date(Number(request.fromMs)),
      jobId: job.id,
      challenge: request.challenge,
      sentAt,
      latencyMs: outcome.latencyMs,
      outcome: outcome.kind,
      status: isSuccess ? 200 : outcome.status,
      doneBy: isSuccess ? outcome.orchestratorUrl : null,
      detail: isSuccess ? '' : outcome.detail,
    });
    return judge(outcome, request);
  }

  /** Another challenge each time, so another job each time: an id is not used again. */
  private jobOf({ orchestrator, fromMs, toMs, challenge }: EvidenceRequest): Job {
    const id = randomUUID();
    const [from, to] = [toIsoTime(fromMs), toIsoTime(toMs)];
    return {
      id,
      capability: this.options.capability,
      route: reportRoute,
      orchestratorUrl: orchestrator.serviceUri,
      timeoutSeconds: jobTimeoutSeconds,
      body: { agent_id: 'distributor', action: 'report', job_id: id, challenge, from, to },
    };
  }
}

function judge(outcome: JobOutcome, { orchestrator, toMs }: EvidenceRequest): EvidenceOutcome {
  if (outcome.kind === 'success') {
    const { body, latencyMs, orchestratorUrl } = outcome;
    if (!isSame(orchestratorUrl, orchestrator.serviceUri))
      return doneByAnother(orchestratorUrl, orchestrator);
    const answer = answerSchema.safeParse(body);
    return answer.success
      ? { kind: 'report', signed: answer.data.report, latencyMs }
      : { kind: 'failed', detail: 'The job succeeded, but its answer carries no report.' };
  }
  // The worker's 409 travels back as the body of a failed job.
  const notYet = outcome.body === undefined ? undefined : notYetFrom(parseJson(outcome.body), toMs);
  return notYet ?? { kind: 'failed', detail: `The job through the gateway failed: ${outcome.detail}` };
}

/** A job of one orchestrator that another one did proves nothing about either; whose report it is, its signer tells. */
const doneByAnother = (doneBy: string, { serviceUri }: EvidenceRequest['orchestrator']): EvidenceOutcome => ({
  kind: 'failed',
  detail:
    `The job for ${serviceUri} was done by ${doneBy.slice(0, 200)}: the -serviceAddr of that orchestrator and the ` +
    '-orchAddr of the gateway must be the same address.',
});

function isSame(doneBy: string, target: string): boolean {
  try {
    return normaliseOrchestratorUrl(doneBy) === normaliseOrchestratorUrl(target);
  } catch {
    return false;
  }
}
