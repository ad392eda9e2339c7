import { GatewayClient } from '#livepeer';
import { loadEnvironmentOrExit } from '#platform';

import { durationMs, parseFlags } from './console/flags.js';
import { payerHelp, surroundingsHelp } from './console/help.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import {
  findSurroundings,
  required,
  surroundingsEnvironment,
  surroundingsFlags,
} from './surroundings/surroundings.js';
import { booksSteps, reconciliationStep } from './verify/books-steps.js';
import { chainStep } from './verify/chain-step.js';
import { DistributorClient } from './verify/distributor-client.js';
import { runSteps } from './verify/step.js';
import type { StepResult } from './verify/step.js';
import { startPatience } from './verify/waiting.js';
import { workerSteps } from './verify/worker-steps.js';

const help = `npm run byoc:verify [-- options]

Verifies the complete flow: services → worker → gateway job → signed report → assessment → ledger → payout → chain, and that
ledger and chain agree. A tick or a cross with the reason per step; exit code 1 on any cross.

  --wait TIME            how long to wait in all for the first paid period and payout, such as 90s or 5m
                         (default: 90 s, or six periods where that is longer)
  --json                 one JSON object instead of text
  --help                 this text

${surroundingsHelp}
${payerHelp}`;

/** A paid period within two periods and ten seconds, a final payout within four (interface.md), and room. */
const periodsOfPatience = 6;
const leastPatienceMs = 90_000;
/** A lost registration is back within 45 s. */
const jobPatienceMs = 50_000;

const marks = {
  ok: terminal.style('green', '✔'),
  failed: terminal.style('red', '✘'),
  skipped: terminal.style('yellow', '–'),
} as const;

await runScript('byoc:verify', async () => {
  const flags = parseFlags(process.argv.slice(2), {
    ...surroundingsFlags,
    wait: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const environment = loadEnvironmentOrExit('byoc:verify script', surroundingsEnvironment);
  const surroundings = await findSurroundings(flags, environment);
  const {
    capability,
    orchestratorUrl,
    rpcUrl,
    tokenAddress,
    payerAddress,
    periodSeconds = 60,
  } = surroundings;
  const workerUrl = required(surroundings.workerUrl, '--worker', 'WORKER_URL');
  const gatewayUrl = required(surroundings.gatewayUrl, '--gateway', 'GATEWAY_URL');
  const distributorUrl = required(surroundings.distributorUrl, '--distributor', 'DISTRIBUTOR_URL');
  const password = required(surroundings.adminPassword, '--admin-password', 'ADMIN_PASSWORD');
  const waitMs =
    flags.wait === undefined
      ? Math.max(leastPatienceMs, periodsOfPatience * periodSeconds * 1_000)
      : durationMs('--wait', flags.wait);

  const progress = (text: string): void => {
    terminal.progress(`  ${text}`);
  };
  const network = new GatewayClient({ gatewayUrl });
  const patience = startPatience(waitMs, progress);
  const worker = workerSteps({
    workerUrl,
    network,
    capability,
    orchestratorUrl,
    patience: startPatience(Math.min(waitMs, jobPatienceMs), progress),
  });
  const client = new DistributorClient(distributorUrl);
  const books = booksSteps({ client, password, signer: () => worker.findings.signer, patience });
  const chain = chainStep({ rpcUrl, tokenAddress, payerAddress, payment: () => books.findings.payment });

  const show = ({ name, status, detail }: StepResult): void => {
    terminal.settle();
    if (!flags.json) terminal.line(`${marks[status]} ${terminal.style('bold', name.padEnd(14))} ${detail}`);
  };
  const steps = await runSteps([...worker.steps, ...books.steps, chain, reconciliationStep(client)], show);
  await network.close();

  const failed = steps.filter(({ status }) => status === 'failed').length;
  const ok = failed === 0;
  if (flags.json) terminal.line(JSON.stringify({ ok, steps }));
  else terminal.line(ok ? '\nThe complete flow works.' : `\n${failed} of ${steps.length} steps failed.`);
  return ok ? 0 : 1;
});
