import { Agent } from 'undici';

import type { CapabilityOffer } from './capability-offer.js';
import { offerToWire } from './capability-offer.js';
import { startDeadline } from './deadline.js';
import { normaliseOrchestratorUrl } from './orchestrator-url.js';
import { judgeRegistration, judgeRegistrationError } from './registration-answer.js';
import type { RegistrationVerdict } from './registration-answer.js';

const answerWithinMs = 10_000;
/** A worker that stops waits for this one: Docker kills it ten seconds after it was told to stop. */
const withdrawnWithinMs = 3_000;

/**
 * Speaks to one orchestrator's registry. Its certificate is self-signed and new on each start, so it cannot be verified
 * or pinned; only these connections skip verification, and what they carry is the secret shared with that orchestrator.
 */
export class OrchestratorClient {
  private readonly address: string;
  private readonly agent: Agent;

  /** @throws {OrchestratorUrlError} */
  constructor(
    orchestratorUrl: string,
    private readonly secret: string,
  ) {
    this.address = normaliseOrchestratorUrl(orchestratorUrl);
    // A new connection each time: a kept one dies with the orchestrator, which would look like a dropped registration.
    this.agent = new Agent({
      pipelining: 0,
      maxResponseSize: 65_536,
      // Nothing is verified: without a list of authorities Node does not build its own, some megabytes.
      connect: { rejectUnauthorized: false, ca: [], timeout: 5_000 },
    });
  }

  async register(offer: CapabilityOffer, signal: AbortSignal): Promise<RegistrationVerdict> {
    const body = JSON.stringify(offerToWire(offer));
    try {
      const { status, text } = await this.post('/capability/register', 'application/json', body, {
        withinMs: answerWithinMs,
        signal,
      });
      return judgeRegistration(status, withoutSecret(text, offer.token));
    } catch (error) {
      return judgeRegistrationError(error);
    }
  }

  /** The name goes as raw text. @throws when the orchestrator did not confirm */
  async unregister(name: string): Promise<void> {
    const { status, text } = await this.post('/capability/unregister', 'text/plain', name, {
      withinMs: withdrawnWithinMs,
    });
    if (status !== 200)
      throw new Error(`the orchestrator answered ${String(status)}: ${text.trim().slice(0, 300)}`);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async post(
    path: string,
    contentType: string,
    body: string,
    { withinMs, signal }: { withinMs: number; signal?: AbortSignal },
  ): Promise<{ status: number; text: string }> {
    const deadline = startDeadline(withinMs, signal);
    const exchange = async () => {
      const answer = await this.agent.request({
        origin: this.address,
        path,
        method: 'POST',
        // The secret as it is: go-livepeer compares the whole header with it, so no `Bearer`.
        headers: { authorization: this.secret, 'content-type': contentType },
        body,
        signal: deadline.signal,
      });
      return { status: answer.statusCode, text: withoutSecret(await answer.body.text(), this.secret) };
    };
    try {
      // While a request waits for its connection, undici does not end it by the signal.
      return await Promise.race([exchange(), rejectionAt(deadline.signal)]);
    } catch (error) {
      if (deadline.expired()) throw new Error(`no answer within ${String(withinMs)} ms`, { cause: error });
      throw error;
    } finally {
      deadline.release();
    }
  }
}

/** Who is asked may say again what it was told, and anyone may read a worker's health. */
const withoutSecret = (text: string, secret = ''): string =>
  secret === '' ? text : text.replaceAll(secret, '[redacted]');

const rejectionAt = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => {
      reject(new Error('given up'));
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
