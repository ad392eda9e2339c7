import { lookForOrchestrator } from '#livepeer';
import type { JobOutcome } from '#livepeer';
import { z } from 'zod';

import { adviceFor } from './advice.js';
import { PartError, askJson } from './ask-json.js';

export interface Suspects {
  capability: string;
  workerUrl: string | undefined;
  orchestratorUrl: string | undefined;
}

/**
 * What is wrong when a job through the gateway did not succeed, and what to do: asks each part on the way for itself, the
 * nearest first, and leaves the guesses for the case that all of them answer.
 */
export async function diagnose(outcome: JobOutcome, suspects: Suspects): Promise<string | undefined> {
  const { capability, workerUrl, orchestratorUrl } = suspects;
  if (outcome.kind === 'success') return undefined;
  const isGatewayAway = outcome.status === null && outcome.kind === 'transient';
  // A refusal of the worker itself came all the way: every part works.
  const isRefusal = outcome.kind === 'permanent' || outcome.status === 429;
  if (isGatewayAway || isRefusal) return adviceFor(outcome, capability);

  const found: string[] = [];
  const registration = workerUrl === undefined ? undefined : await askForRegistration(workerUrl);
  if (registration === 'no answer') {
    found.push(
      `The worker does not answer at ${workerUrl ?? ''}: is it running? Once it does, it registers by itself.`,
    );
  }
  if (orchestratorUrl !== undefined && (await lookForOrchestrator(orchestratorUrl)) === 'refuses') {
    found.push(
      `Nothing listens at ${orchestratorUrl}: start the orchestrator. The worker registers with it by itself within 45 s.`,
    );
  } else if (typeof registration === 'object') found.push(...registrationAdvice(registration));
  return found.length > 0 ? found.join('\n') : adviceFor(outcome, capability);
}

const healthSchema = z.object({
  details: z.object({
    registration: z.object({ state: z.string(), last_error: z.string().nullable() }),
  }),
});
type Registration = z.output<typeof healthSchema>['details']['registration'];

/** Undefined: the worker answers, and says nothing of use. */
async function askForRegistration(workerUrl: string): Promise<Registration | 'no answer' | undefined> {
  try {
    return (await askJson('the worker', `${workerUrl}/health`, healthSchema)).details.registration;
  } catch (error) {
    if (error instanceof PartError && error.status === null) return 'no answer';
    // Not ready is told with 503, and its registration all the same.
    const parsed = error instanceof PartError ? healthSchema.safeParse(error.answer) : undefined;
    return parsed?.success === true ? parsed.data.details.registration : undefined;
  }
}

function registrationAdvice({ state, last_error: lastError }: Registration): string[] {
  if (state === 'registered') return [];
  if (state === 'disabled') {
    return [
      'The worker registers with nobody: set ORCH_URL (and ORCH_SECRET) in its environment and restart it.',
    ];
  }
  const isSecret = lastError?.includes('refused the secret') === true;
  return [
    `The worker’s registration is ${state}${lastError === null ? '' : `: ${lastError}`}`,
    ...(isSecret
      ? ['Give the worker the orchestrator’s -orchSecret as ORCH_SECRET, and restart the worker.']
      : []),
  ];
}
