import { GatewayClient } from '#livepeer';
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { answerWith } from '../run/answering.js';
import { type JobLoad, jobLoadSchema } from './load-protocol.js';

async function run({ gatewayUrl, orchestratorUrl, seconds, load }: JobLoad) {
  const client = new GatewayClient({ gatewayUrl });
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;

  /** Each with a challenge of its own, so that its report is signed anew, as evidence is. */
  const job = async (intendedAt: number): Promise<void> => {
    const outcome = await client.send({
      id: randomUUID(),
      capability: 'agent-net',
      route: '/agent-net',
      orchestratorUrl,
      timeoutSeconds: 5,
      body: { agent_id: 'bench', action: 'report', challenge: `0x${randomBytes(32).toString('hex')}` },
    });
    latenciesMs.push(performance.now() - intendedAt);
    if (outcome.kind !== 'success') failures.push(outcome.detail);
  };

  if ('crowd' in load) {
    const lane = async (): Promise<void> => {
      while (performance.now() < endsAt) await job(performance.now());
    };
    await Promise.all(Array.from({ length: load.crowd }, lane));
  } else {
    const sent: Promise<void>[] = [];
    for (let at = startedAt; at < endsAt; at += 1_000 / load.steadyPerSecond) {
      await sleep(Math.max(0, at - performance.now()));
      sent.push(job(at));
    }
    await Promise.all(sent);
  }
  const tookMs = performance.now() - startedAt;
  await client.close();
  return { latenciesMs, tookMs, failures };
}

answerWith(jobLoadSchema, run);
