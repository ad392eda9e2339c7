import { encodeJobHeader, encodeParameters, jobHeaderName } from '#livepeer';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { capability } from './network.js';

export interface RawAnswer {
  status: number;
  doneBy: string | undefined;
  text: string;
}

export interface SlowJob {
  gatewayUrl: string;
  orchestratorUrl: string;
  id: string;
  timeoutSeconds: number;
  body: Record<string, unknown>;
  /** Between the pieces of the upload, and before the answer is read. */
  pauseMs: number;
  withinMs: number;
}

/** A client on a bad line: sends its body in pieces and lets the answer wait. Undefined without an answer. */
export async function sendSlowly(job: SlowJob): Promise<RawAnswer | undefined> {
  const text = JSON.stringify({ ...job.body, job_id: job.id });
  const outgoing = request(`${job.gatewayUrl}/process/request/agent-net`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Length': Buffer.byteLength(text),
      [jobHeaderName]: encodeJobHeader({
        id: job.id,
        request: '{}',
        parameters: encodeParameters({ include: [job.orchestratorUrl] }),
        capability,
        timeoutSeconds: job.timeoutSeconds,
      }),
    },
    signal: AbortSignal.timeout(job.withinMs),
  });
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
    });
    // Whoever fails first: a refusal may come while the body is still on its way.
    answered.catch(() => undefined);
    const step = Math.ceil(text.length / 4);
    for (let at = 0; at < text.length; at += step) {
      outgoing.write(text.slice(at, at + step));
      await sleep(job.pauseMs);
    }
    outgoing.end();
    const incoming = await answered;
    await sleep(job.pauseMs);
    const doneBy = incoming.headers['x-orchestrator-url'];
    return {
      status: incoming.statusCode ?? 0,
      doneBy: typeof doneBy === 'string' ? doneBy : undefined,
      text: await readText(incoming),
    };
  } catch {
    return undefined;
  }
}

/** Straight to the worker: a body that never ends. What the worker says to it, or nothing. */
export async function neverEnd(port: number, withinMs: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(withinMs, () => socket.destroy());
  socket.write('POST /agent-net HTTP/1.1\r\nHost: worker\r\nContent-Length: 100\r\n\r\n{"job_id":');
  let text = '';
  try {
    for await (const chunk of socket) text += Buffer.from(chunk as Uint8Array).toString('utf8');
  } catch {
    // Cut off: what came until then counts.
  }
  return text;
}
