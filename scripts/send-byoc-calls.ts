import { loadEnvironmentOrExit } from '#platform';

import { parseFlags, wholeNumber } from './console/flags.js';
import { surroundingsHelp } from './console/help.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { describeCall } from './send/describe-call.js';
import { sendCalls } from './send/send-calls.js';
import { findSurroundings, surroundingsEnvironment, surroundingsFlags } from './surroundings/surroundings.js';

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
  const { ok, calls, advice } = await sendCalls(await findSurroundings(flags, environment), {
    agentId: flags['agent-id'],
    action: flags.action,
    timeoutSeconds,
    gatewayOnly: flags['gateway-only'],
  });
  if (flags.json) terminal.line(JSON.stringify({ ok, calls, advice }));
  else {
    for (const call of calls) terminal.line(describeCall(call, terminal));
    if (advice !== null) terminal.line(`\n${advice}`);
  }
  return ok ? 0 : 1;
});
