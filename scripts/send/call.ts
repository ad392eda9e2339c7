import type { JobOutcome, PayerNetwork } from '#livepeer';
import { z } from 'zod';

import { PartError, askJson } from '../surroundings/ask-json.js';

/** One job by one way, as people and `--json` see it. */
export interface CallResult {
  via: 'gateway' | 'worker';
  ok: boolean;
  job_id: string;
  /** HTTP status; null without an answer. */
  status: number | null;
  latency_ms: number;
  uptime_percentage: number | null;
  services_up: number | null;
  services_total: number | null;
  eligible_for_payment: boolean | null;
  worker_address: string | null;
  /** The three headers that a gateway sets; null on the way straight to the worker. */
  orchestrator_url: string | null;
  balance: string | null;
  metadata: string | null;
  /** Why it failed; null when it did not. */
  detail: string | null;
}

export interface JobRequest {
  id: string;
  capability: string;
  orchestratorUrl: string | undefined;
  timeoutSeconds: number;
  body: Record<string, unknown>;
}

/** What is read of the worker's answer; everything else in it may change. */
const answerSchema = z.object({
  services: z.object({
    total: z.number(),
    up: z.number(),
    uptime_percentage: z.number(),
    eligible_for_payment: z.boolean(),
  }),
  report: z.object({ report: z.object({ worker_address: z.string() }) }),
});

export const jobRoute = '/agent-net';

export async function callThroughGateway(
  network: PayerNetwork,
  job: JobRequest,
): Promise<{ result: CallResult; outcome: JobOutcome }> {
  const { id, capability, orchestratorUrl, timeoutSeconds, body } = job;
  const outcome = await network.send({
    id,
    capability,
    route: jobRoute,
    timeoutSeconds,
    body,
    ...(orchestratorUrl === undefined ? {} : { orchestratorUrl }),
  });
  const result = { ...emptyResult('gateway', id), latency_ms: outcome.latencyMs };
  if (outcome.kind !== 'success') {
    return { outcome, result: { ...result, status: outcome.status, detail: outcome.detail } };
  }
  const { orchestratorUrl: doneBy, balance, metadata } = outcome;
  const headers = { orchestrator_url: doneBy, balance, metadata };
  return { outcome, result: { ...result, status: 200, ...headers, ...readAnswer(outcome.body) } };
}

export async function callWorker(workerUrl: string, job: JobRequest): Promise<CallResult> {
  const startedAt = performance.now();
  const result = emptyResult('worker', job.id);
  const latency = (): number => Math.round((performance.now() - startedAt) * 10) / 10;
  try {
    const answer = await askJson('the worker', workerUrl + jobRoute, z.record(z.string(), z.unknown()), {
      method: 'POST',
      body: { ...job.body, job_id: job.id },
      timeoutMs: job.timeoutSeconds * 1_000,
    });
    return { ...result, status: 200, latency_ms: latency(), ...readAnswer(answer) };
  } catch (error) {
    if (!(error instanceof PartError)) throw error;
    return { ...result, status: error.status, latency_ms: latency(), detail: error.message };
  }
}

function readAnswer(body: Record<string, unknown>): Partial<CallResult> {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) {
    return {
      ok: false,
      detail: 'the answer is not that of an uptime worker: it has no services and no report',
    };
  }
  const { services, report } = parsed.data;
  return {
    ok: true,
    uptime_percentage: services.uptime_percentage,
    services_up: services.up,
    services_total: services.total,
    eligible_for_payment: services.eligible_for_payment,
    worker_address: report.report.worker_address,
  };
}

function emptyResult(via: CallResult['via'], id: string): CallResult {
  return {
    via,
    ok: false,
    job_id: id,
    status: null,
    latency_ms: 0,
    uptime_percentage: null,
    services_up: null,
    services_total: null,
    eligible_for_payment: null,
    worker_address: null,
    orchestrator_url: null,
    balance: null,
    metadata: null,
    detail: null,
  };
}
