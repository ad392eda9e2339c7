import type { JobOutcome } from '#livepeer';
import { parseSignedReport, recoverReportSigner } from '#monitoring';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/** What is wrong with an answer; undefined when nothing is. */
export type Fault = string | undefined;

const answerSchema = z.object({
  status: z.literal('success'),
  job_id: z.string(),
  agent_id: z.string(),
  capability: z.literal('agent-net'),
  report: z.record(z.string(), z.unknown()),
});
const metadataSchema = z.object({ job_id: z.string(), worker_address: z.string() });
const problemSchema = z.object({ status: z.number(), errors: z.array(z.object({ field: z.string() })) });

export interface Expected {
  id: string;
  agentId: string;
  challenge: string;
  orchestratorUrl: string;
  workerAddress: string;
}

/** A success is right when all of it belongs to this job: ids, challenge, signature, and who did it. */
export function faultOfAnswer(body: unknown, expected: Expected): Fault {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return `the answer is malformed: ${parsed.error.issues[0]?.path.join('.') ?? ''}`;
  const { job_id: id, agent_id: agentId, report: wire } = parsed.data;
  if (id !== expected.id) return `the answer is for the job ${id}`;
  if (agentId !== expected.agentId) return `the answer is for the agent ${agentId}`;
  try {
    const signed = parseSignedReport(wire);
    if (signed.report.challenge !== expected.challenge) return 'the report answers another challenge';
    if (recoverReportSigner(signed) !== expected.workerAddress) return 'the report is signed by another key';
  } catch (error) {
    return `the report is bad: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

export function faultOfSuccess(outcome: JobOutcome & { kind: 'success' }, expected: Expected): Fault {
  if (outcome.orchestratorUrl !== expected.orchestratorUrl) return `done by ${outcome.orchestratorUrl}`;
  const metadata = metadataSchema.safeParse(parseJson(outcome.metadata ?? ''));
  if (!metadata.success || metadata.data.job_id !== expected.id) return 'X-Metadata is not of this job';
  return faultOfAnswer(outcome.body, expected);
}

/** A job that the worker must refuse, naming the field. */
export function faultOfRefusal(outcome: JobOutcome, field: string): Fault {
  if (outcome.kind === 'success') return 'a malformed job was done';
  if (outcome.kind !== 'permanent' || outcome.status !== 400) return undefined;
  const problem = problemSchema.safeParse(parseJson(outcome.body ?? ''));
  const named = problem.data?.errors.map((error) => error.field) ?? [];
  return named.includes(field) ? undefined : `the refusal does not name ${field}`;
}

/** The same job, asked again. */
export const faultOfRepetition = (first: unknown, again: unknown): Fault =>
  isDeepStrictEqual(first, again) ? undefined : 'the same job was answered differently';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
