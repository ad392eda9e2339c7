import { Agent } from 'undici';

import { errorCode } from './job-outcome.js';
import { normaliseOrchestratorUrl } from './orchestrator-url.js';

const answerWithinMs = 3_000;

/**
 * Whether something takes connections at an orchestrator's address, as seen from here. `unknown`: its name means nothing
 * here, or the network is in between; the gateway may see it all the same.
 */
export async function lookForOrchestrator(
  orchestratorUrl: string,
): Promise<'answers' | 'refuses' | 'unknown'> {
  // Only reached, never believed: its certificate is self-signed.
  const agent = new Agent({ connect: { rejectUnauthorized: false, timeout: answerWithinMs } });
  try {
    const { body } = await agent.request({
      origin: normaliseOrchestratorUrl(orchestratorUrl),
      path: '/process/token',
      method: 'GET',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await body.dump();
    return 'answers';
  } catch (error) {
    return errorCode(error) === 'ECONNREFUSED' ? 'refuses' : 'unknown';
  } finally {
    await agent.destroy();
  }
}
