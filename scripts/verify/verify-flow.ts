import { GatewayClient } from '#livepeer';

import { required } from '../surroundings/surroundings.js';
import type { Surroundings } from '../surroundings/surroundings.js';
import { booksSteps, reconciliationStep } from './books-steps.js';
import { chainStep } from './chain-step.js';
import { DistributorClient } from './distributor-client.js';
import { runSteps } from './step.js';
import type { StepResult } from './step.js';
import { startPatience } from './waiting.js';
import { workerSteps } from './worker-steps.js';

export interface VerifyOptions {
  /** For the first paid period and payout, together; undefined: by the length of the period. */
  waitMs: number | undefined;
  progress: (text: string) => void;
  onResult: (result: StepResult) => void;
}

/** A paid period within two periods and ten seconds, a final payout within four (interface.md), and room. */
const periodsOfPatience = 6;
const leastPatienceMs = 90_000;
/** A lost registration is back within 45 s. */
const jobPatienceMs = 50_000;

/** @throws UsageError when a part is named by nobody */
export async function verifyFlow(
  surroundings: Surroundings,
  { waitMs: chosenWaitMs, progress, onResult }: VerifyOptions,
): Promise<StepResult[]> {
  const {
    capability,
    orchestratorUrl,
    rpcUrl,
    tokenAddress,
    payerAddress,
    periodSeconds = 60,
  } = surroundings;
  const workerUrl = required('worker', surroundings.workerUrl, '--worker', 'WORKER_URL');
  const gatewayUrl = required('gateway', surroundings.gatewayUrl, '--gateway', 'GATEWAY_URL');
  const distributorUrl = required(
    'distributor',
    surroundings.distributorUrl,
    '--distributor',
    'DISTRIBUTOR_URL',
  );
  const password = required('password', surroundings.adminPassword, '--admin-password', 'ADMIN_PASSWORD');
  const waitMs = chosenWaitMs ?? Math.max(leastPatienceMs, periodsOfPatience * periodSeconds * 1_000);

  const network = new GatewayClient({ gatewayUrl });
  const worker = workerSteps({
    workerUrl,
    network,
    capability,
    orchestratorUrl,
    patience: startPatience(Math.min(waitMs, jobPatienceMs), progress),
  });
  const client = new DistributorClient(distributorUrl);
  const books = booksSteps({
    client,
    password,
    signer: () => worker.findings.signer,
    patience: startPatience(waitMs, progress),
  });
  const chain = chainStep({ rpcUrl, tokenAddress, payerAddress, payment: () => books.findings.payment });
  try {
    return await runSteps([...worker.steps, ...books.steps, chain, reconciliationStep(client)], onResult);
  } finally {
    await network.close();
  }
}
