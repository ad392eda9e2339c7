import {
  compareWithRun,
  InvalidSignatureError,
  isFirstOfJournal,
  type MinuteRun,
  recoverReportSigner,
  type SignedReport,
  zeroBytes32,
} from '#monitoring';
import { toIsoTime } from '#platform';

import type { Document } from './read-document.js';

export interface Finding {
  where: string;
  /** Null: it could not be told. */
  ok: boolean | null;
  name: string;
  detail: string;
}

export interface Expected {
  worker?: string | undefined;
  challenge?: string | undefined;
}

type Tell = (name: string, ok: boolean | null, detail: string) => void;

/** Everything that the documents say of themselves, and of each other. */
export function verifyDocuments(documents: readonly Document[], expected: Expected): Finding[] {
  const findings: Finding[] = [];
  const runs = documents.flatMap((document) => (document.kind === 'minutes' ? [document.run] : []));
  for (const document of documents) {
    const tell: Tell = (name, ok, detail) => findings.push({ where: document.where, name, ok, detail });
    if (document.kind === 'malformed') tell('form', false, document.detail);
    else if (document.kind === 'minutes') verifyRun(document.run, tell);
    else verifyReport(document.signed, expected, runs, tell);
  }
  return findings;
}

function verifyRun(run: MinuteRun, tell: Tell) {
  const { fromMs, toMs, minutes, hashes } = run;
  tell(
    'minutes',
    true,
    `${minutes.length} minutes, ${toIsoTime(fromMs)} to ${toIsoTime(toMs)}, each adds up`,
  );
  const start = isFirstOfJournal(run) ? 'the first minute of its journal' : 'a minute that follows others';
  tell('chain', true, `every hash made again, from ${start} on to ${hashes.at(-1) ?? ''}`);
}

function verifyReport(signed: SignedReport, expected: Expected, runs: readonly MinuteRun[], tell: Tell) {
  const { report } = signed;
  const window = `${toIsoTime(report.fromMs)} to ${toIsoTime(report.toMs)}`;
  const up = report.services.map(({ name, upMs }) => `${name} ${upMs.toString()}`).join(', ');
  tell('form', true, `${window}; every service's milliseconds add up to the window; up: ${up}`);
  try {
    tell('signature', true, `made by the key of ${recoverReportSigner(signed)}, whom the report names`);
  } catch (error) {
    if (!(error instanceof InvalidSignatureError)) throw error;
    tell('signature', false, error.message);
  }
  if (expected.worker !== undefined) {
    const isRight = report.workerAddress === expected.worker;
    tell(
      'worker',
      isRight,
      isRight ? 'is the one expected' : `is ${report.workerAddress}, not ${expected.worker}`,
    );
  }
  if (expected.challenge !== undefined) {
    const isRight = report.challenge === expected.challenge;
    tell(
      'challenge',
      isRight,
      isRight ? 'is the one given' : `is ${report.challenge}, not ${expected.challenge}`,
    );
  } else if (report.challenge === zeroBytes32) {
    tell('challenge', null, 'none: the report may have been prepared for anyone');
  } else tell('challenge', null, `${report.challenge}; --challenge compares it with the one that was given`);
  if (report.issuedAtMs < report.toMs) tell('time', false, 'issued before its window had ended');
  if (runs.length === 0)
    tell('journal', null, 'no minutes were given to compare with (GET /reports/minutes)');
  for (const run of runs) verifyAgainst(signed, run, tell);
}

function verifyAgainst({ report }: SignedReport, run: MinuteRun, tell: Tell) {
  const { hashes, sums, differences } = compareWithRun(report, run);
  if (differences.length > 0) tell('journal', false, differences.join('; '));
  else if (hashes === null && sums === null) tell('journal', null, 'the minutes are of another time');
  if (hashes === 'equal') tell('tie', true, 'both hashes of the report are those of the minutes');
  if (sums === 'equal') tell('sums', true, 'its numbers are the sum of the minutes');
  else if (sums === 'within') {
    tell('sums', true, 'its numbers lie within what the minutes allow; its bounds are not those of minutes');
  }
}
