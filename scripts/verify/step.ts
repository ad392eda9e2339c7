import { PartError } from '../surroundings/ask-json.js';

export const stepNames = [
  'services',
  'worker',
  'gateway',
  'report',
  'distributor',
  'assessment',
  'ledger',
  'payout',
  'chain',
  'reconciliation',
] as const;
export type StepName = (typeof stepNames)[number];

/** `skipped` is neither tick nor cross: an earlier step failed, or there is nothing of the kind in this deployment. */
export interface StepResult {
  name: StepName;
  status: 'ok' | 'failed' | 'skipped';
  detail: string;
}

/** Ends a step with a cross; the message is the reason. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** Ends a step without a verdict; the message is the reason. */
export class StepSkipped extends Error {
  override readonly name = 'StepSkipped';
}

export interface Step {
  name: StepName;
  /** Steps whose failure leaves nothing to judge here. */
  needs: readonly StepName[];
  /** What was found, as one line. @throws StepFailed | StepSkipped */
  run: () => Promise<string>;
}

/** One step after the other; a fault in one does not keep the others from being judged, unless they need it. */
export async function runSteps(
  steps: readonly Step[],
  onResult: (result: StepResult) => void,
): Promise<StepResult[]> {
  const results = new Map<StepName, StepResult>();
  for (const step of steps) {
    const result = await judge(step, results);
    results.set(step.name, result);
    onResult(result);
  }
  return [...results.values()];
}

async function judge({ name, needs, run }: Step, before: Map<StepName, StepResult>): Promise<StepResult> {
  const missing = needs.find((need) => before.get(need)?.status !== 'ok');
  if (missing !== undefined) {
    return { name, status: 'skipped', detail: `cannot be judged without the step "${missing}"` };
  }
  try {
    return { name, status: 'ok', detail: await run() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isAway = error instanceof PartError && error.status === null;
    const detail = isAway ? `${reason}. Is it running, and is that its address?` : reason;
    return { name, status: error instanceof StepSkipped ? 'skipped' : 'failed', detail };
  }
}
