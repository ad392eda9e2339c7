import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';

import { answerWith, settingsOf } from '../run/answering.js';
import { nodeQuestionSchema, nodeSettingsSchema } from './node-protocol.js';

const settings = settingsOf(nodeSettingsSchema);
let timesMs: number[] = [];

/** A late token would end the run: what is late is to be measured. */
const limits = { searchMs: 20_000, tokenHeadersMs: 10_000 };

async function start(): Promise<{ url: string; capabilities?: () => unknown[] }> {
  if (settings.is === 'gateway') return startGatewayDouble({ orchestrators: settings.orchestrators, limits });
  const orchestrator = await startOrchestratorDouble({
    secret: settings.secret,
    onWorkerAnswer: (tookMs) => timesMs.push(tookMs),
  });
  return { url: orchestrator.url, capabilities: () => orchestrator.capabilities() };
}

const node = start();

answerWith(nodeQuestionSchema, async (question) => {
  const { url, capabilities } = await node;
  if (question === 'where') return { url };
  const answer = { timesMs, isRegistered: (capabilities?.().length ?? 0) > 0 };
  timesMs = [];
  return answer;
});
