import { GatewayClient } from '#livepeer';
import { randomUUID } from 'node:crypto';

import { diagnose } from '../surroundings/diagnose.js';
import { required } from '../surroundings/surroundings.js';
import type { Surroundings } from '../surroundings/surroundings.js';
import { callThroughGateway, callWorker } from './call.js';
import type { CallResult, JobRequest } from './call.js';

export interface SendOptions {
  agentId: string;
  action: string;
  timeoutSeconds: number;
  gatewayOnly: boolean;
}

export interface SendResult {
  ok: boolean;
  calls: CallResult[];
  /** What to look at; null when both ways worked. */
  advice: string | null;
}

/**
 * One job through the gateway, and another one straight to the worker.
 * @throws UsageError when a part is named by nobody
 */
export async function sendCalls(surroundings: Surroundings, options: SendOptions): Promise<SendResult> {
  const { capability, orchestratorUrl } = surroundings;
  const gatewayUrl = required('gateway', surroundings.gatewayUrl, '--gateway', 'GATEWAY_URL');
  const workerUrl = options.gatewayOnly
    ? undefined
    : required('worker', surroundings.workerUrl, '--worker', 'WORKER_URL');
  const { timeoutSeconds } = options;
  const body = { agent_id: options.agentId, action: options.action };
  // The worker answers the same job the same: each way gets a job of its own.
  const newJob = (): JobRequest => ({ id: randomUUID(), capability, orchestratorUrl, timeoutSeconds, body });

  const client = new GatewayClient({ gatewayUrl });
  const [{ result, outcome }, direct] = await Promise.all([
    callThroughGateway(client, newJob()),
    workerUrl === undefined ? undefined : callWorker(workerUrl, newJob()),
  ]);
  await client.close();

  const calls = [result, ...(direct === undefined ? [] : [direct])];
  const advice: string[] = [];
  if (result.ok && direct?.ok === false && direct.status === null) {
    advice.push(
      `The worker does not answer at ${workerUrl ?? ''}: is it running, or is --worker (WORKER_URL) another one?`,
    );
  }
  if (!result.ok) {
    const found = await diagnose(outcome, surroundings);
    if (found !== undefined) advice.push(found);
  }
  return {
    ok: calls.every(({ ok }) => ok),
    calls,
    advice: advice.length === 0 ? null : advice.join('\n'),
  };
}
