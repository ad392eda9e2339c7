import type { PayerNetwork } from '#livepeer';
import { MalformedReportError, parseSignedReport, recoverReportSigner } from '#monitoring';
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';

import { jobRoute } from '../send/call.js';
import { askJson } from '../surroundings/ask-json.js';
import { diagnose } from '../surroundings/diagnose.js';
import { StepFailed } from './step.js';
import type { Step } from './step.js';
import { waitFor } from './waiting.js';
import type { Patience } from './waiting.js';

/** What the steps of the worker's side find out for the later ones. */
export interface WorkerFindings {
  challenge: string;
  answer: Record<string, unknown> | undefined;
  /** Who signed the report that came through the gateway. */
  signer: string | undefined;
}

export interface WorkerSide {
  workerUrl: string;
  network: PayerNetwork;
  capability: string;
  orchestratorUrl: string | undefined;
  /** For the first seconds of a stack: registration and first observations. */
  patience: Patience;
}

const statusesSchema = z.object({
  services: z.record(z.string(), z.object({ state: z.string(), reason: z.string().nullable() })),
});

export function workerSteps(side: WorkerSide): { steps: Step[]; findings: WorkerFindings } {
  const findings: WorkerFindings = {
    challenge: `0x${randomBytes(32).toString('hex')}`,
    answer: undefined,
    signer: undefined,
  };
  const steps: Step[] = [
    { name: 'services', needs: [], run: () => checkServices(side) },
    { name: 'worker', needs: [], run: () => checkReady(side) },
    { name: 'gateway', needs: [], run: () => sendJob(side, findings) },
    { name: 'report', needs: ['gateway'], run: async () => checkReport(side, findings) },
  ];
  return { steps, findings };
}

async function checkServices({ workerUrl }: WorkerSide): Promise<string> {
  const { services } = await askJson('the worker', `${workerUrl}/service-status`, statusesSchema);
  const all = Object.entries(services);
  if (all.length === 0)
    throw new StepFailed('the worker watches no service: MONITORED_SERVICES matches nothing');
  const away = all.filter(([, { state }]) => state !== 'up');
  if (away.length === 0) return `${all.length} services are up`;
  const named = away.map(([name, { state, reason }]) => `${name} is ${state}${reason ? ` (${reason})` : ''}`);
  throw new StepFailed(`${all.length - away.length} of ${all.length} services are up: ${named.join(', ')}`);
}

async function checkReady({ workerUrl }: WorkerSide): Promise<string> {
  const schema = z.object({ status: z.literal('ok') });
  await askJson('the worker', `${workerUrl}/health/ready`, schema);
  return 'ready: the Docker Engine is watched and the journal can be written';
}

async function sendJob(side: WorkerSide, findings: WorkerFindings): Promise<string> {
  const { network, capability, orchestratorUrl, patience } = side;
  const send = async () => {
    const id = randomUUID();
    return network.send({
      id,
      capability,
      route: jobRoute,
      timeoutSeconds: 10,
      body: { agent_id: 'byoc-verify', action: 'verify', challenge: findings.challenge },
      ...(orchestratorUrl === undefined ? {} : { orchestratorUrl }),
    });
  };
  // A lost registration is back within 45 s, and the first window is settled some seconds after the worker's start.
  const isLasting = (kind: string, status: number | null): boolean =>
    status === null || (kind === 'permanent' && status !== 409);
  let last = await send();
  await waitFor(
    'a job through the gateway',
    async () => {
      if (last.kind === 'success' || isLasting(last.kind, last.status)) return last;
      last = await send();
      return last.kind === 'success' ? last : undefined;
    },
    patience,
    2_000,
  );
  if (last.kind !== 'success') {
    const advice = await diagnose(last, side);
    throw new StepFailed(
      advice === undefined ? last.detail : `${last.detail}. ${advice.replaceAll('\n', ' ')}`,
    );
  }
  findings.answer = last.body;
  return `job done by ${last.orchestratorUrl} in ${last.latencyMs.toFixed(0)} ms, balance ${last.balance ?? 'not given'}`;
}

function checkReport({ capability }: WorkerSide, findings: WorkerFindings): string {
  const { report: wire } = findings.answer ?? {};
  if (wire === undefined) throw new StepFailed('the answer carries no report');
  const { signer, report } = verifyReport(wire);
  if (report.challenge !== findings.challenge) {
    throw new StepFailed('the report does not answer the challenge of this job: it may be an old one');
  }
  if (report.capability !== capability) {
    throw new StepFailed(`the report is about the capability "${report.capability}", not "${capability}"`);
  }
  findings.signer = signer;
  const seconds = Number(report.toMs - report.fromMs) / 1_000;
  return `signed by ${signer} over ${report.services.length} services and ${seconds} s, challenge echoed`;
}

/** @throws StepFailed for a report that is malformed or that its worker did not sign */
export function verifyReport(wire: unknown): {
  signer: string;
  report: ReturnType<typeof parseSignedReport>['report'];
} {
  try {
    const signed = parseSignedReport(wire);
    return { signer: recoverReportSigner(signed), report: signed.report };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const what =
      error instanceof MalformedReportError ? 'the report is malformed' : 'the signature is not good';
    throw new StepFailed(`${what}: ${detail}`);
  }
}
