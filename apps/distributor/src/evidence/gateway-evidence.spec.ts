import { describe, expect, it } from '@jest/globals';
import { GatewayClient } from '#livepeer';
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
async function fetchFrom(reply: (jobId: string) => { status: number; body: string }) {
  const received: Received[] = [];
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
      response.writeHead(status, { 'x-orchestrator-url': serviceUri }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const client = new GatewayClient({ gatewayUrl: `http://127.0.0.1:${address.port}` });
  try {
    const outcome = await new GatewayEvidence(client, 'agent-net').fetch({
      orchestrator: { id: 'a', serviceUri, workerUrl: null },
      fromMs,
      toMs,
      challenge,
      signal: new AbortController().signal,
    });
    return { outcome, received };
  } finally {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('evidence through the gateway', () => {
  it('sends one job to exactly this orchestrator and takes the report out of its answer', async () => {
    const signed = { report: { version: 1 }, signature: '0x' };
    const { outcome, received } = await fetchFrom((jobId) => ({
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
