import { GatewayClient } from '#livepeer';
import type { JobOutcome } from '#livepeer';
import { loadEnvironmentOrExit } from '#platform';
import { randomUUID } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';

import { durationMs, parseFlags, rateEveryMs, wholeNumber } from './console/flags.js';
import { surroundingsHelp } from './console/help.js';
import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { describeProgress, describeSummary } from './continuous/describe-summary.js';
import { runOpenLoop } from './continuous/open-loop.js';
import { Tally } from './continuous/tally.js';
import { callThroughGateway } from './send/call.js';
import { diagnose } from './surroundings/diagnose.js';
import {
  UsageError,
  findSurroundings,
  required,
  surroundingsEnvironment,
  surroundingsFlags,
} from './surroundings/surroundings.js';

const help = `npm run byoc:continuous [-- options]

Sends BYOC jobs through the gateway on a fixed timetable, whether or not earlier ones are answered. Latencies count from the
moment in which a job was meant to be sent. Exit code 1 below --min-success. Ctrl-C ends the run and still sums it up.

  --rate N/UNIT          how often: 10/min (default), 2/s, 100/h
  --duration TIME        how long: 2m (default), 90s, 1h
  --min-success PERCENT  default 95
  --timeout SECONDS      how long the orchestrator waits for the worker (default 10)
  --max-in-flight N      jobs without an answer at once; more are not sent, and count as failed (default 100)
  --csv FILE             a line for each job: sent at, job id, outcome, status, latency
  --json                 one JSON object instead of text
  --help                 this text

${surroundingsHelp}`;

await runScript('byoc:continuous', async () => {
  const flags = parseFlags(process.argv.slice(2), {
    ...surroundingsFlags,
    rate: { type: 'string', default: '10/min' },
    duration: { type: 'string', default: '2m' },
    'min-success': { type: 'string', default: '95' },
    timeout: { type: 'string', default: '10' },
    'max-in-flight': { type: 'string', default: '100' },
    csv: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const everyMs = rateEveryMs('--rate', flags.rate);
  const runMs = durationMs('--duration', flags.duration);
  const minSuccess = percent('--min-success', flags['min-success']);
  const timeoutSeconds = wholeNumber('--timeout', flags.timeout, { min: 1, max: 3_600 });
  const maxInFlight = wholeNumber('--max-in-flight', flags['max-in-flight'], { min: 1, max: 10_000 });
  const environment = loadEnvironmentOrExit('byoc:continuous script', surroundingsEnvironment);
  const surroundings = await findSurroundings(flags, environment);
  const { capability, orchestratorUrl } = surroundings;
  const gatewayUrl = required('gateway', surroundings.gatewayUrl, '--gateway', 'GATEWAY_URL');
  const { csv } = flags;
  if (csv !== undefined) await startCsv(csv);

  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const client = new GatewayClient({ gatewayUrl, maxConnections: maxInFlight });
  const tally = new Tally();
  let lastFailure: JobOutcome | undefined;
  let writing = Promise.resolve();
  const startedAt = performance.now();
  const show = (): void => {
    terminal.progress(describeProgress(tally.summary(), performance.now() - startedAt, runMs));
  };
  const ticking = terminal.isWatched ? setInterval(show, 1_000) : undefined;
  await runOpenLoop({
    everyMs,
    durationMs: runMs,
    maxInFlight,
    signal: stopping.signal,
    call: async () => {
      const id = randomUUID();
      const sentAt = new Date().toISOString();
      const body = { agent_id: 'byoc-continuous', action: 'uptime' };
      const { outcome } = await callThroughGateway(client, {
        id,
        capability,
        orchestratorUrl,
        timeoutSeconds,
        body,
      });
      return { id, sentAt, outcome };
    },
    onResult: ({ id, sentAt, outcome }, latencyMs) => {
      tally.add(outcome, latencyMs);
      if (outcome.kind !== 'success') lastFailure = outcome;
      if (csv === undefined) return;
      const status = outcome.kind === 'success' ? 200 : (outcome.status ?? '');
      const line = `${sentAt},${id},${outcome.kind},${status},${latencyMs.toFixed(1)}\n`;
      writing = writing.then(() => appendFile(csv, line));
    },
    onSkipped: () => {
      tally.skip();
    },
  });
  clearInterval(ticking);
  terminal.settle();
  await writing;
  await client.close();

  const summary = tally.summary();
  const ok = summary.success_percentage >= minSuccess;
  const advice = lastFailure === undefined ? undefined : await diagnose(lastFailure, surroundings);
  if (flags.json) terminal.line(JSON.stringify({ ok, ...summary, advice: advice ?? null }));
  else {
    terminal.line(describeSummary(summary, minSuccess, terminal));
    if (advice !== undefined) terminal.line(`\n${advice}`);
  }
  return ok ? 0 : 1;
});

async function startCsv(file: string): Promise<void> {
  try {
    await writeFile(file, 'sent_at,job_id,outcome,status,latency_ms\n');
  } catch (error) {
    throw new UsageError(
      `--csv ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function percent(flag: string, text: string): number {
  const value = /^\d{1,3}(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 100) return value;
  throw new UsageError(`${flag} must be a percentage from 0 to 100; it is "${text}".`);
}
