import { normaliseOrchestratorUrl } from '#livepeer';
import { addressSchema, variables } from '#platform';
import { z } from 'zod';
import type { Known, ReportFault } from './report-fault.js';

const orchestratorUrlSchema = z.string().transform((text, context) => {
  try {
    return normaliseOrchestratorUrl(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: 'custom', message: `holds a bad address: ${reason}` });
    return z.NEVER;
  }
});

export const evidenceVariables = {
  EVIDENCE_SOURCE: z.enum(['worker', 'gateway'], 'must be worker or gateway').default('worker'),
  EVIDENCE_GRACE_SECONDS: variables.seconds(86_400, { min: 1 }),
  ALLOW_SHARED_WORKERS: variables.flag(false),
  ALLOW_LOOPBACK_WORKERS: variables.flag(false),
  CAPABILITY_NAME: z.string().default('agent-net'),
  GATEWAY_URL: variables.httpUrl().optional(),
  ORCHESTRATOR_ADDRESSES: variables.list().pipe(z.array(orchestratorUrlSchema)),
  WORKER_URL: variables.httpUrlList(),
  PAYOUT_ADDRESSES: variables.list().pipe(z.array(addressSchema)),
};

export function checkEvidence(environment: Known<typeof evidenceVariables>, report: ReportFault): void {
  const { ORCHESTRATOR_ADDRESSES: addresses, WORKER_URL, PAYOUT_ADDRESSES } = environment;
  if (environment.EVIDENCE_SOURCE === 'gateway' && environment.GATEWAY_URL === undefined) {
    report('GATEWAY_URL', 'is required when EVIDENCE_SOURCE is gateway');
  }
  if (!Array.isArray(addresses)) return;
  if (new Set(addresses).size !== addresses.length)
    report('ORCHESTRATOR_ADDRESSES', 'names an orchestrator twice');
  for (const [variable, list] of Object.entries({ WORKER_URL, PAYOUT_ADDRESSES })) {
    if (Array.isArray(list) && list.length > 0 && list.length !== addresses.length) {
      report(
        variable,
        `has ${list.length} entries, but ORCHESTRATOR_ADDRESSES has ${addresses.length}; give one per address`,
      );
    }
  }
}
