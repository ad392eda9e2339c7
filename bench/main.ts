import { writeFile } from 'node:fs/promises';

import type { Section } from './benchmark.js';
import { benchmarks } from './benchmarks.js';
import { writeBetweenMarkers } from './report/document.js';
import { isMet } from './report/figure.js';
import { describeMachine } from './report/machine.js';
import { renderMachine, renderSections } from './report/table.js';
import type { CleanUp } from './run/clean-up.js';
import { startProgress } from './run/progress.js';
import { parseOptions, runProgram, UsageError } from './run/run-program.js';

const help = `npm run bench [-- NAME…] [options]

Runs the benchmarks, all of them or those named, and prints their tables. On a quiet machine: nothing else may use its cores.

${Object.entries(benchmarks)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

  --json FILE   writes the figures as JSON too
  --write       puts the tables into docs/benchmarks.md
  --quick       small numbers, to see that everything works: the figures mean nothing
  --help        this text
`;

const documentFile = new URL('../../docs/benchmarks.md', import.meta.url);

function parseCommandLine() {
  return parseOptions({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

interface Result {
  name: string;
  machine: Record<string, string>;
  sections: Section[];
}

async function runOne(name: string, quick: boolean, cleanUp: CleanUp): Promise<Result> {
  const benchmark = benchmarks[name];
  if (!benchmark) throw new UsageError(`There is no benchmark "${name}".`);
  const progress = startProgress();
  try {
    const { sections, surroundings } = await benchmark.run({
      quick,
      cleanUp,
      progress: (text) => {
        progress.show(text);
      },
    });
    return { name, machine: { ...describeMachine(), ...surroundings }, sections };
  } finally {
    progress.clear();
  }
}

const render = ({ name, machine, sections }: Result): string =>
  `${renderMachine(machine)}\n\n${renderSections(name, sections)}`;

async function main(cleanUp: CleanUp): Promise<number> {
  const { values, positionals } = parseCommandLine();
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = positionals.find((name) => !(name in benchmarks));
  if (unknown !== undefined) throw new UsageError(`There is no benchmark "${unknown}".`);
  if (values.quick && values.write) throw new UsageError('--quick and --write do not go together.');
  const results: Result[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
    const result = await runOne(name, values.quick, cleanUp);
    results.push(result);
    process.stdout.write(`${render(result)}\n`);
    if (values.write) await writeBetweenMarkers(documentFile, name, render(result));
  }
  if (values.json !== undefined) {
    const measuredAt = new Date().toISOString();
    await writeFile(values.json, `${JSON.stringify({ measured_at: measuredAt, results }, null, 2)}\n`);
  }
  const missed = results.flatMap(({ sections }) =>
    sections.flatMap(({ measurements }) => measurements.filter((m) => isMet(m) === false)),
  );
  const unmeasured = results.filter(({ sections }) => sections.length === 0);
  for (const { name, machine } of unmeasured) {
    process.stderr.write(
      `${name}: nothing was measured, for want of what it measures: ${JSON.stringify(machine)}\n`,
    );
  }
  return missed.length + unmeasured.length > 0 && !values.quick ? 1 : 0;
}

await runProgram('bench', help, main);
