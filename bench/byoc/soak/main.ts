import { writeFile } from 'node:fs/promises';

import type { CleanUp } from '../../run/clean-up.js';
import { startProgress } from '../../run/progress.js';
import { parseOptions, runProgram, UsageError } from '../../run/run-program.js';
import { checksOf, describeSoak } from './report.js';
import { soak, type SoakOptions } from './soak.js';

const help = `npm run soak [-- options]

Sends jobs for a long time through the doubles of gateway and orchestrator to a real worker process, while orchestrators
restart, capabilities vanish, slots leak, paths fail, workers are suspended, and clients are slow or leave. Exit code 1 when a
job was answered wrongly or failed without a reason, the capability was away for more than 45 s, a slot leaked for longer than
one heartbeat, or the worker held more than 5 MB more memory at the end than early on.

  --jobs N             how many (default 20000; at about 25 a second that takes a quarter of an hour)
  --seed N             of what is sent and what goes wrong (default: by the clock, and told)
  --profile NAME       pr-3650 (default) or master
  --rate N             jobs a second (default 25)
  --quick              600 jobs with a heartbeat of 0.4 s and a fault each second: no stalled
                       bodies; times and memory are told and not judged
  --json FILE          writes the result as JSON too
  --help               this text
`;

function whole(flag: string, text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(`--${flag} must be a whole number from 1 to ${most}; it is "${text}".`);
}

function parseCommandLine(): { options: SoakOptions; json: string | undefined } | 'help' {
  const { values } = parseOptions({
    options: {
      jobs: { type: 'string' },
      seed: { type: 'string' },
      profile: { type: 'string', default: 'pr-3650' },
      rate: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { profile, quick } = values;
  if (profile !== 'pr-3650' && profile !== 'master') {
    throw new UsageError(`--profile must be pr-3650 or master; it is "${profile}".`);
  }
  const options: SoakOptions = {
    jobs: whole('jobs', values.jobs ?? (quick ? '600' : '20000'), 10_000_000),
    seed: values.seed === undefined ? Date.now() % 1_000_000 : whole('seed', values.seed, 4_294_967_295),
    profile,
    heartbeatMs: quick ? 400 : undefined,
    perSecond: whole('rate', values.rate ?? (quick ? '60' : '25'), 1_000),
    faults: quick
      ? { quietMs: 800, lastsMs: [100, 400], withStalls: false }
      : // Longer than a heartbeat now and then, so that there are quiet times too.
        { quietMs: 40_000, lastsMs: [500, 4_000], withStalls: true },
  };
  return { options, json: values.json };
}

async function main(cleanUp: CleanUp): Promise<number> {
  const parsed = parseCommandLine();
  if (parsed === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const { options, json } = parsed;
  const progress = startProgress();
  try {
    const result = await soak(options, cleanUp, (text) => {
      progress.show(text);
    });
    const checks = checksOf(options, result);
    progress.clear();
    process.stdout.write(`${describeSoak(options, result, checks)}\n`);
    if (json !== undefined) {
      const { tally, faults, ...rest } = result;
      const counts = Object.fromEntries(
        [...tally.counts].map(([kind, of]) => [kind, Object.fromEntries(of)]),
      );
      const document = { options, checks, counts, faults: Object.fromEntries(faults), ...rest };
      await writeFile(json, `${JSON.stringify({ ...document, violations: tally.violations }, null, 2)}\n`);
    }
    return checks.some(({ holds }) => holds === false) ? 1 : 0;
  } finally {
    progress.clear();
  }
}

await runProgram('soak', help, main);
