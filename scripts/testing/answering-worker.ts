import { startWorkerStub } from '#livepeer/testing';
import type { ReceivedRequest, WorkerStub } from '#livepeer/testing';
import { ReportSigner, signedReportToWire, zeroBytes32 } from '#monitoring';
import { hex32Schema } from '#platform';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';

export const signer = ReportSigner.fromPrivateKey(`0x${'22'.repeat(32)}`);

/** A signed report about one service that was up all the time; the wire form. */
export function signedReport(fromMs: number, toMs: number, challenge = zeroBytes32, by = signer) {
  const windowMs = BigInt(toMs - fromMs);
  const service = { name: 'redis_scb', containerIds: ['a'.repeat(64)], upMs: windowMs };
  return signedReportToWire(
    by.sign({
      capability: 'agent-net',
      engineId: 'engine-1',
      fromMs: BigInt(fromMs),
      toMs: BigInt(toMs),
      services: [{ ...service, inferredUpMs: 0n, downMs: 0n, startingMs: 0n, unknownMs: 0n }],
      allUpMs: windowMs,
      challenge,
      issuedAtMs: BigInt(toMs),
      previousMinuteHash: zeroBytes32,
      minuteHash: zeroBytes32,
    }),
  );
}

const jobSchema = z.object({ job_id: z.string(), challenge: hex32Schema.default(zeroBytes32) });

/** A worker with one service, as far as the scripts ask it. */
export function startAnsweringWorker(state: 'up' | 'down' = 'up'): Promise<WorkerStub> {
  return startWorkerStub((request, response) => {
    answer(request, response, state);
  });
}

function answer({ url, body }: ReceivedRequest, response: ServerResponse, state: 'up' | 'down'): void {
  const reason = state === 'up' ? null : 'exited with 137';
  if (url === '/service-status') send(response, 200, { services: { redis_scb: { state, reason } } });
  else if (url === '/health/ready') send(response, 200, { status: 'ok' });
  else if (url === '/health') {
    const registration = { state: 'failing', last_error: 'the orchestrator refused the secret' };
    send(response, 200, { status: 'ok', details: { registration } });
  } else if (url === '/agent-net') {
    const { job_id, challenge } = jobSchema.parse(JSON.parse(body));
    const now = Date.now();
    send(response, 200, {
      status: 'success',
      job_id,
      services: { total: 1, up: 1, down: 0, uptime_percentage: 99.98, eligible_for_payment: true },
      report: signedReport(now - 60_000, now, challenge),
    });
  } else send(response, 404, { title: 'Not Found' });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-metadata': '{"n":1}' });
  response.end(JSON.stringify(body));
}
