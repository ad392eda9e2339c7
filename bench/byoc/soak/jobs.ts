import { GatewayClient, type Job, type JobOutcome } from '#livepeer';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  type Expected,
  type Fault,
  faultOfAnswer,
  faultOfRefusal,
  faultOfRepetition,
  faultOfSuccess,
} from './judge.js';
import { capability, type Network, uploadSeconds } from './network.js';
import type { Random } from './random.js';
import { neverEnd, sendSlowly } from './slow-client.js';

/** How a job ended: rightly answered, failed in a way that needs a reason, or wrongly answered. */
export interface Verdict {
  kind: JobKind;
  outcome: 'answered' | 'refused' | 'failed' | 'left' | 'wrong';
  detail: string;
}

export const jobKinds = [
  'ordinary',
  'repeated',
  'malformed',
  'aborted',
  'slow line',
  'endless upload',
] as const;
export type JobKind = (typeof jobKinds)[number];

/** Of a hundred jobs. */
export const jobMix: readonly (readonly [weight: number, kind: JobKind])[] = [
  [80, 'ordinary'],
  [6, 'repeated'],
  [5, 'malformed'],
  [6, 'aborted'],
  [2, 'slow line'],
  [1, 'endless upload'],
];

const malformations = [
  ['challenge', { challenge: '0x12' }],
  ['from', { from: 'yesterday', to: 'today' }],
  ['job_id', {}],
  ['agent_id', { agent_id: 7 }],
] as const;

const answered = (kind: JobKind): Verdict => ({ kind, outcome: 'answered', detail: '' });
const wrong = (kind: JobKind, detail: string): Verdict => ({ kind, outcome: 'wrong', detail });
const failed = (kind: JobKind, detail: string): Verdict => ({ kind, outcome: 'failed', detail });
const judged = (kind: JobKind, fault: Fault): Verdict =>
  fault === undefined ? answered(kind) : wrong(kind, fault);

/** Sends jobs of every kind and judges what comes back. */
export class JobMaker {
  private readonly client: GatewayClient;
  private made = 0;

  constructor(
    private readonly network: Network,
    private readonly random: Random,
    private readonly workerAddress: string,
  ) {
    this.client = new GatewayClient({ gatewayUrl: network.gateway.url, maxConnections: 256 });
  }

  close(): Promise<void> {
    return this.client.close();
  }

  run(kind: JobKind): Promise<Verdict> {
    const { job, expected } = this.next();
    switch (kind) {
      case 'ordinary':
        return this.ordinary(job, expected);
      case 'repeated':
        return this.repeated(job, expected);
      case 'malformed':
        return this.malformed(job);
      case 'aborted':
        return this.aborted(job, expected);
      case 'slow line':
        return this.slowLine(job, expected);
      case 'endless upload':
        return this.endlessUpload();
    }
  }

  private next(): { job: Job; expected: Expected } {
    this.made += 1;
    const id = `soak-${this.made}-${this.random.whole(0, 1e9)}`;
    const agentId = `agent-${this.random.whole(0, 99)}`;
    let challenge = '0x';
    while (challenge.length < 66) challenge += this.random.whole(0, 255).toString(16).padStart(2, '0');
    const orchestratorUrl = this.network.orchestrator.url;
    const timeoutSeconds = this.random.whole(1, 2);
    const body = { agent_id: agentId, action: 'uptime', challenge };
    return {
      job: { id, capability, route: '/agent-net', orchestratorUrl, timeoutSeconds, body },
      expected: { id, agentId, challenge, orchestratorUrl, workerAddress: this.workerAddress },
    };
  }

  private async ordinary(job: Job, expected: Expected): Promise<Verdict> {
    return verdictOf('ordinary', await this.client.send(job), expected);
  }

  /** As whoever did not hear the answer asks again: the same id, the same body. */
  private async repeated(job: Job, expected: Expected): Promise<Verdict> {
    const first = await this.client.send(job);
    const again = await this.client.send(job);
    for (const outcome of [first, again]) {
      const verdict = verdictOf('repeated', outcome, expected);
      if (verdict.outcome !== 'answered') return verdict;
    }
    if (first.kind !== 'success' || again.kind !== 'success') return failed('repeated', 'not answered twice');
    return judged('repeated', faultOfRepetition(first.body, again.body));
  }

  private async malformed(job: Job): Promise<Verdict> {
    const [field, change] = malformations[this.random.whole(0, malformations.length - 1)] ?? malformations[0];
    const id = field === 'job_id' ? 'x'.repeat(300) : job.id;
    const outcome = await this.client.send({ ...job, id, body: { ...job.body, ...change } });
    const fault = faultOfRefusal(outcome, field);
    if (fault !== undefined) return wrong('malformed', fault);
    if (outcome.kind === 'permanent') return { kind: 'malformed', outcome: 'refused', detail: '' };
    return failed('malformed', outcome.kind === 'success' ? '' : outcome.detail);
  }

  private async aborted(job: Job, expected: Expected): Promise<Verdict> {
    const leaving = new AbortController();
    const sent = this.client.send(job, leaving.signal);
    // A job takes some milliseconds: the client leaves before, while and after it is done.
    await sleep(this.random.between(0, 20));
    leaving.abort();
    const outcome = await sent;
    if (outcome.kind !== 'unknown') return verdictOf('aborted', outcome, expected);
    return { kind: 'aborted', outcome: 'left', detail: '' };
  }

  private async slowLine(job: Job, expected: Expected): Promise<Verdict> {
    const answer = await sendSlowly({
      gatewayUrl: this.network.gateway.url,
      orchestratorUrl: expected.orchestratorUrl,
      id: job.id,
      timeoutSeconds: job.timeoutSeconds,
      body: job.body,
      pauseMs: this.random.between(20, 200),
      withinMs: 20_000,
    });
    if (answer?.status !== 200 || answer.doneBy === undefined || answer.text === '') {
      return failed('slow line', `status ${answer?.status ?? 'none'}: ${answer?.text.trim() ?? 'no answer'}`);
    }
    let body: unknown;
    try {
      body = JSON.parse(answer.text);
    } catch {
      return wrong('slow line', 'the answer is not JSON');
    }
    return judged('slow line', faultOfAnswer(body, expected));
  }

  private async endlessUpload(): Promise<Verdict> {
    const text = await neverEnd(this.network.worker.port, uploadSeconds * 1_000 + 15_000);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === '408' || status === '429')
      return { kind: 'endless upload', outcome: 'refused', detail: '' };
    return status === undefined
      ? failed('endless upload', 'no answer')
      : wrong('endless upload', `status ${status}`);
  }
}

function verdictOf(kind: JobKind, outcome: JobOutcome, expected: Expected): Verdict {
  if (outcome.kind === 'success') return judged(kind, faultOfSuccess(outcome, expected));
  // Nobody may call a good job a bad one: whoever sent it would not send it again.
  if (outcome.kind === 'permanent') return wrong(kind, `refused for good: ${outcome.detail}`);
  return failed(kind, `${outcome.kind}: ${outcome.detail}`);
}
