import { torture } from '#payments/testing';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { parseFlags, wholeNumber } from '../console/flags.js';
import { runScript } from '../console/run-script.js';
import { terminal } from '../console/terminal.js';
import { describeTorture } from './describe-torture.js';

const help = `npm run torture [-- options]

Kills the distributor again and again (SIGKILL), at every edge of settlement and at random, while its nodes lie, its
PostgreSQL crashes, blocks are reorganised and strangers meddle; then looks at the chain and the REST API: was anybody paid
twice, was anything lost, is anything stuck? Starts its own PostgreSQL and its own chain, and ends them.
Exit code 1 when something is wrong. The seed in its first line plays the same faults again.

  --minutes N            how long, default 30
  --seed N               default: another one each time
  --round N              begins at this round of the seed, to play a failing round again
  --rounds N             ends after so many rounds
  --help                 this text`;

const mostSeed = 999_999_999;
const program = fileURLToPath(new URL('../../apps/distributor/src/main.js', import.meta.url));

await runScript('torture', async () => {
  const flags = parseFlags(process.argv.slice(2), {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string' },
    round: { type: 'string', default: '0' },
    rounds: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  const number = (flag: string, text: string, min: number, max: number) =>
    wholeNumber(flag, text, { min, max });
  const minutes = number('--minutes', flags.minutes, 1, 10_000);
  const seed = flags.seed === undefined ? randomInt(1, mostSeed) : number('--seed', flags.seed, 0, mostSeed);
  const firstRound = number('--round', flags.round, 0, mostSeed);
  const most = flags.rounds === undefined ? Infinity : number('--rounds', flags.rounds, 1, mostSeed);

  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  const stopping = new AbortController();
  const stop = () => {
    terminal.complain('Stopping: what was begun is settled and judged.');
    stopping.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);

  terminal.line(`npm run torture -- --seed ${seed} --minutes ${minutes}`);
  const report = await torture({
    ...{ program, seed, firstRound },
    isOver: (rounds) => stopping.signal.aborted || rounds >= most || seconds() >= minutes * 60,
    say: (text) => {
      terminal.line(`${String(Math.round(seconds())).padStart(5)} s  ${text}`);
    },
  });
  terminal.line(describeTorture(report, seconds()));
  return report.wrong.length === 0 ? 0 : 1;
});
