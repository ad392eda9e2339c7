import { loadEnvironmentOrExit } from '#platform';

import { durationMs, parseFlags } from './console/flags.js';
import { payerHelp, surroundingsHelp } from './console/help.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { findSurroundings, surroundingsEnvironment, surroundingsFlags } from './surroundings/surroundings.js';
import type { StepResult } from './verify/step.js';
import { verifyFlow } from './verify/verify-flow.js';

const help = `npm run byoc:verify [-- options]

Verifies the complete flow: services → worker → gateway job → signed report → assessment → ledger → payout → chain, and that
ledger and chain agree. A tick or a cross with the reason per step; exit code 1 on any cross.

  --wait TIME            how long to wait in all for the first paid period and payout, such as 90s or 5m
                         (default: 90 s, or six periods where that is longer)
  --json                 one JSON object instead of text
  --help                 this text

${surroundingsHelp}
${payerHelp}`;

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
  const show = ({ name, status, detail }: StepResult): void => {
    terminal.settle();
    if (!flags.json) terminal.line(`${marks[status]} ${terminal.style('bold', name.padEnd(14))} ${detail}`);
  };
  const steps = await verifyFlow(await findSurroundings(flags, environment), {
    waitMs: flags.wait === undefined ? undefined : durationMs('--wait', flags.wait),
    progress: (text) => {
      terminal.progress(`  ${text}`);
    },
    onResult: show,
  });

  const failed = steps.filter(({ status }) => status === 'failed').length;
  const ok = failed === 0;
  if (flags.json) terminal.line(JSON.stringify({ ok, steps }));
  else terminal.line(ok ? '\nThe complete flow works.' : `\n${failed} of ${steps.length} steps failed.`);
  return ok ? 0 : 1;
});
