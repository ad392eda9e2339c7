import { addressSchema, hex32Schema } from '#platform';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { z } from 'zod';

import { runScript } from './console/run-script.js';
import { terminal } from './console/terminal.js';
import { readDocuments } from './report/read-document.js';
import { type Finding, verifyDocuments } from './report/verify-documents.js';
import { UsageError } from './surroundings/surroundings.js';

const help = `npm run report:verify -- FILE [FILE…]

Verifies offline what a worker has stated. A FILE is a signed report (GET /reports), the answer of a job, an assessment
with its evidence, or a run of minutes (GET /reports/minutes); "-" is standard input. A report and the minutes of its
time together prove the most. A tick or a cross with the reason per step; exit code 1 on any cross, 2 when a file is none
of these.

  --worker ADDRESS       the report must be of this worker
  --challenge HEX        the report must answer this challenge, 0x and 64 digits
  --json                 one JSON object instead of text
  --help                 this text
`;

const proves = `
Proven by a tick at "signature": this worker stated exactly these numbers about exactly this window, and nothing was changed since.
By "challenge": it did so after it was asked. By "chain", "tie" and "sums": the statement belongs to this journal, whose
minutes cannot be changed without changing every hash after them.
Not proven by anything here: that the worker told the truth about its containers, or that it shows everybody the same journal.`;

const marks = (ok: boolean | null) =>
  ok === null
    ? terminal.style('yellow', '–')
    : ok
      ? terminal.style('green', '✔')
      : terminal.style('red', '✘');

function argument<T>(flag: string, schema: z.ZodType<T>, given: string | undefined): T | undefined {
  if (given === undefined) return undefined;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new UsageError(`${flag} ${result.error.issues[0]?.message ?? 'is not right'}; it is "${given}".`);
}

function parseCommand() {
  try {
    return parseArgs({
      args: process.argv.slice(2),
      options: {
        worker: { type: 'string' },
        challenge: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function read(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function show({ where, ok, name, detail }: Finding, isOne: boolean) {
  terminal.line(
    `${marks(ok)} ${terminal.style('bold', name.padEnd(10))} ${isOne ? '' : `${where}: `}${detail}`,
  );
}

await runScript('report:verify', async () => {
  const { values: flags, positionals: files } = parseCommand();
  if (flags.help) {
    terminal.line(help);
    return 0;
  }
  if (files.length === 0) throw new UsageError('name at least one file.');
  const expected = {
    worker: argument('--worker', addressSchema, flags.worker),
    challenge: argument('--challenge', hex32Schema, flags.challenge),
  };
  const documents = [];
  for (const file of files) {
    const found = readDocuments(file, await read(file));
    if (!found) throw new UsageError(`${file} holds neither a signed report nor a run of minutes.`);
    documents.push(...found);
  }
  const findings = verifyDocuments(documents, expected);
  const ok = findings.every((finding) => finding.ok !== false);
  if (flags.json) terminal.line(JSON.stringify({ ok, findings }));
  else {
    for (const finding of findings) show(finding, files.length === 1 && documents.length === 1);
    terminal.line(ok ? proves : '\nNot verified: do not rely on it.');
  }
  return ok ? 0 : 1;
});
