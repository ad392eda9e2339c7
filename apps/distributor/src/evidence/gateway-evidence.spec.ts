import { describe, expect, it } from '@jest/globals';
import { GatewayClient } from '#livepeer';
import type { NewEvidenceJob } from '#payments';
import { createServer } from 'node:http';
import { z } from 'zod';
import { GatewayEvidence } from './gateway-evidence.js';

const fromMs = BigInt(Date.parse('2026-11-22T12:00:00.000Z'));
const toMs = BigInt(Date.parse('2026-11-22T12:01:00.000Z'));
const challenge = `0x${'cd'.repeat(32)}` as const;
const serviceUri = 'https://172.23.0.7:9995';

const jobHeader = z.object({ capability: z.string(), parameters: z.string() });
const jobBody = z.object({ job_id: z.string() }).loose();

interface Received {
  path: string | undefined;
  header: z.output<typeof jobHeader>;
  body: z.output<typeof jobBody>;
}

/** One job against a gateway that answers as told. */
async function fetchFrom(
  reply: (jobId: string) => { status: number; body: string },
  doneBy: string | undefined = serviceUri,
) {
  const received: Received[] = [];
  const recorded: NewEvidenceJob[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = jobBody.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const header = String(request.headers.livepeer);
      received.push({
        path: request.url,
        header: jobHeader.parse(JSON.parse(Buffer.from(header, 'base64').toString())),
        body,
      });
      const { status, body: text } = reply(body.job_id);
      response.writeHead(status, { ...(doneBy !== '' && { 'x-orchestrator-url': doneBy }) }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const client = new GatewayClient({ gatewayUrl: `http://127.0.0.1:${address.port}` });
  try {
    const record = (job: NewEvidenceJob) => recorded.push(job);
    const outcome = await new GatewayEvidence({ network: client, capability: 'agent-net', record }).fetch({
      orchestrator: { id: 'a', serviceUri, workerUrl: null },
      fromMs,
      toMs,
      challenge,
      signal: new AbortController().signal,
    });
    return { outcome, received, recorded };
  } finally {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('evidence through the gateway', () => {
  it('sends one job to exactly this orchestrator and takes the report out of its answer', async () => {
    const signed = { report: { version: 1 }, signature: '0x' };
    const { outcome, received, recorded } = await fetchFrom((jobId) => ({
      status: 200,
      body: JSON.stringify({ status: 'success', job_id: jobId, report: signed }),
    }));
    expect(outcome).toMatchObject({ kind: 'report', signed });
    expect(received).toHaveLength(1);
    expect(received[0]?.header).toMatchObject({
      capability: 'agent-net',
      parameters: expect.stringContaining(JSON.stringify([serviceUri])),
    });
    expect(received[0]?.body).toMatchObject({
      action: 'report',
      challenge,
      from: '2026-11-22T12:00:00.000Z',
      to: '2026-11-22T12:01:00.000Z',
    });
    expect(recorded).toEqual([
      {
        orchestratorId: 'a',
        periodStart: new Date('2026-11-22T12:00:00.000Z'),
        jobId: received[0]?.body.job_id,
        challenge,
        sentAt: expect.any(Date),
        latencyMs: expect.any(Number),
        outcome: 'success',
        status: 200,
        doneBy: serviceUri,
        detail: '',
      },
    ]);
  });

  it('takes the address of the orchestrator in any spelling that means the same', async () => {
    const { outcome } = await fetchFrom(
      (jobId) => ({ status: 200, body: JSON.stringify({ job_id: jobId, report: { report: {} } }) }),
      'HTTPS://172.23.0.7:9995/',
    );
    expect(outcome).toMatchObject({ kind: 'report' });
  });

  it.each(['https://172.23.0.8:9995', 'http://172.23.0.7:9995', 'nonsense'])(
    'takes no report that came by %s, and says which flags must agree',
    async (doneBy) => {
      const signed = { report: { version: 1 }, signature: '0x' };
      const { outcome, recorded } = await fetchFrom(
        (jobId) => ({ status: 200, body: JSON.stringify({ job_id: jobId, report: signed }) }),
        doneBy,
      );
      expect(outcome).toEqual({
        kind: 'failed',
        detail: `The job for ${serviceUri} was done by ${doneBy}: the -serviceAddr of that orchestrator and the -orchAddr of the gateway must be the same address.`,
      });
      expect(recorded).toMatchObject([{ outcome: 'success', doneBy }]);
    },
  );

  it.each([
    ['an empty 200', 200, '', 'unknown'],
    ['no orchestrator', 503, 'No orchestrators found for capability agent-net', 'transient'],
    ['a refusal of the worker', 400, '{"title":"Invalid input"}', 'permanent'],
  ])('records %s with its outcome', async (_case, status, body, outcome) => {
    const { recorded } = await fetchFrom(() => ({ status, body }), '');
    expect(recorded).toMatchObject([{ outcome, status, doneBy: null, detail: expect.stringMatching(/./) }]);
  });

  it('understands a watermark that the gateway relays', async () => {
    const { outcome } = await fetchFrom(() => ({
      status: 409,
      body: JSON.stringify({ watermark: '2026-11-22T12:00:59.000Z' }),
    }));
    expect(outcome).toMatchObject({ kind: 'not-yet', retryAfterMs: 1_100 });
  });

  it('fails when the answer carries no report', async () => {
    const { outcome } = await fetchFrom((jobId) => ({
      status: 200,
      body: JSON.stringify({ status: 'success', job_id: jobId }),
    }));
    expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('no report') });
  });

  it('fails when the gateway has no orchestrator', async () => {
    const { outcome } = await fetchFrom(() => ({ status: 503, body: 'No orchestrators found' }));
    expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('No orchestrators') });
  });
});
