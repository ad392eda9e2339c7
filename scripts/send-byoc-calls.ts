import { GatewayClient } from '#livepeer';
import { loadEnvironmentOrExit } from '#platform';
import { randomUUID } from 'node:crypto';

import { parseFlags, wholeNumber } from './console/flags.js';
import { surroundingsHelp } from './console/help.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { callThroughGateway, callWorker } from './send/call.js';
import type { JobRequest } from './send/call.js';
import { describeCall } from './send/describe-call.js';
import { adviceFor, registrationTrouble } from './surroundings/advice.js';
import {
  findSurroundings,
  required,
  surroundingsEnvironment,
  surroundingsFlags,
} from './surroundings/surroundings.js';

const help = `npm run byoc:send [-- options]

Sends one BYOC job through the gateway, and the same question straight to the worker. Exit code 1 when either fails.

  --agent-id TEXT        who asks (default byoc-send)
  --action TEXT          what for (default uptime)
  --timeout SECONDS      how long the orchestrator waits for the worker (default 10)
  --gateway-only         do not ask the worker directly
  --json                 one JSON object instead of text
  --help                 this text

${surroundingsHelp}`;

await runScript('byoc:send', async () => {
  const flags = parseFlags(process.argv.slice(2), {
    ...surroundingsFlags,
    'agent-id': { type: 'string', default: 'byoc-send' },
    action: { type: 'string', default: 'uptime' },
    timeout: { type: 'string', default: '10' },
    'gateway-only': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const timeoutSeconds = wholeNumber('--timeout', flags.timeout, { min: 1, max: 3_600 });
  const environment = loadEnvironmentOrExit('byoc:send script', surroundingsEnvironment);
  const surroundings = await findSurroundings(flags, environment);
  const gatewayUrl = required(surroundings.gatewayUrl, '--gateway', 'GATEWAY_URL');
  const workerUrl = flags['gateway-only']
    ? undefined
    : required(surroundings.workerUrl, '--worker', 'WORKER_URL');

  const { capability, orchestratorUrl } = surroundings;
  const body = { agent_id: flags['agent-id'], action: flags.action };
  // The worker answers the same job the same: each way gets a job of its own.
  const newJob = (): JobRequest => ({ id: randomUUID(), capability, orchestratorUrl, timeoutSeconds, body });
  const client = new GatewayClient({ gatewayUrl });
  const [{ result, outcome }, direct] = await Promise.all([
    callThroughGateway(client, newJob()),
    workerUrl === undefined ? undefined : callWorker(workerUrl, newJob()),
  ]);
  await client.close();

  const calls = [result, ...(direct === undefined ? [] : [direct])];
  const ok = calls.every((call) => call.ok);
  const advice = result.ok
    ? undefined
    : ((await registrationTrouble(surroundings.workerUrl)) ?? adviceFor(outcome, capability));
  if (flags.json) terminal.line(JSON.stringify({ ok, calls, advice: advice ?? null }));
  else {
    for (const call of calls) terminal.line(describeCall(call, terminal));
    if (advice !== undefined) terminal.line(`\n${advice}`);
    if (direct?.ok === false && direct.status === null) {
      terminal.line(`\nThe worker does not answer at ${workerUrl ?? ''}: is it running?`);
    }
  }
  return ok ? 0 : 1;
});
