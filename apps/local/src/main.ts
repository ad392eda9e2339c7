import { loadEnvironmentOrExit, PortInUseError } from '#platform';
import { styleText } from 'node:util';

import { narrate } from './narrate.js';
import { localEnvironmentSchema, type LocalOptions, parseOptions, usage, UsageError } from './options.js';
import { Stack, StartFailedError, StoppedError } from './stack.js';
import type { StackFacts } from './stack-file.js';

const say = (line = '') => process.stdout.write(`${line}\n`);

function endOfFirstPeriod(periodSeconds: number): string {
  const periodMs = periodSeconds * 1000;
  const startMs = Math.ceil(Date.now() / periodMs) * periodMs;
  return new Date(startMs + periodMs).toISOString().slice(11, 19);
}

function banner(facts: StackFacts & { engineNote: string }): void {
  const rows = [
    ['Dashboard', facts.distributor_url],
    ['Password', facts.admin_password],
    ['REST API', `${facts.distributor_url}/docs`],
    ['Worker', `${facts.worker_url}/docs`],
    ['Gateway', `${facts.gateway_url} (a double of go-livepeer)`],
    ['Chain', `${facts.rpc_url} (anvil, test USDC)`],
    ['Services', facts.engineNote],
  ] as const;
  say();
  say(styleText('bold', '  On air. Every service that is up earns its orchestrator $10 a minute.'));
  say();
  for (const [name, text] of rows) say(`  ${styleText('cyan', name.padEnd(10))} ${text}`);
  say();
  say(`  A period is ${facts.period_seconds} s; payouts every two periods; two blocks are final.`);
  say('  Unlike production, workers may be shared and payout addresses take effect at once.');
  say(
    `  Stop a service: ${styleText('bold', 'npm run services -- stop autogen_agent')}   Check it all: npm run byoc:verify`,
  );
  say(
    `  The first full period ends at ${endOfFirstPeriod(facts.period_seconds)} UTC; its line follows in seconds.`,
  );
  say('  Ctrl-C stops everything.');
  say();
}

function readOptions(): LocalOptions {
  const options = parseOptions(
    process.argv.slice(2),
    loadEnvironmentOrExit('local stack', localEnvironmentSchema),
  );
  if (options !== 'help') return options;
  say(usage);
  process.exit(0);
}

const isExplained = (error: unknown) =>
  error instanceof UsageError || error instanceof PortInUseError || error instanceof StartFailedError;

/** Ctrl-C arrives twice under npm: only one that comes well after the first means impatience. */
function stopOnSignals(stack: Stack): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstAt !== undefined) {
        if (Date.now() - firstAt > 3_000) process.exit(1);
        return;
      }
      firstAt = Date.now();
      say('\n  Stopping …');
      void stack.stop().then(() => {
        say('  Stopped. The state is kept; npm start goes on from here.');
        process.exit(0);
      });
    });
  }
}

async function run(): Promise<void> {
  const options = readOptions();
  const stack = new Stack(options, {
    onPart: (name, note, ms) => {
      say(`  ${styleText('green', '✔')} ${name.padEnd(12)} ${note} ${styleText('dim', `${ms} ms`)}`);
    },
    onFact: (fact) => {
      const line = narrate(fact);
      if (line !== undefined) say(`  ${line}`);
    },
    onRestart: (name) => {
      say(
        styleText(
          'yellow',
          `  The ${name} had ended and was started anew; see its log in ${options.stateDir}/logs.`,
        ),
      );
    },
  });
  stopOnSignals(stack);
  try {
    banner(await stack.start());
  } catch (error) {
    await stack.stop();
    if (error instanceof StoppedError) return;
    throw error;
  }
}

run().catch((error: unknown) => {
  const text = isExplained(error) && error instanceof Error ? error.message : error;
  process.stderr.write(`\n${text instanceof Error ? (text.stack ?? text.message) : String(text)}\n`);
  process.exit(1);
});
