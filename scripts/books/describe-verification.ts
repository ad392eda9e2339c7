import type { CheckResult, Verification } from '#payments';

import type { Terminal } from '../console/terminal.js';

/** `✔ seals  412 rows in 12 seals`, with a line for each row that is not as it must be. */
export function describeCheck(
  { name, summary, found, findings, notes }: CheckResult,
  { style }: Pick<Terminal, 'style'>,
): string {
  const mark = found === 0 ? style('green', '✔') : style('red', '✘');
  const faults = found === 0 ? '' : `; ${found} ${found === 1 ? 'fault' : 'faults'}`;
  const rest = found - findings.length;
  return [
    `${mark} ${style('bold', name.padEnd(10))} ${summary}${faults}`,
    ...notes.map((note) => `             ${note}`),
    ...findings.map(
      ({ table, row, problem }) =>
        `             ${[style('red', [table, row].filter(Boolean).join(' ')), problem].filter(Boolean).join(': ')}`,
    ),
    ...(rest > 0 ? [`             … and ${rest} more`] : []),
  ].join('\n');
}

export function describeVerification({ ok, head, checks }: Verification): string {
  const crosses = checks.filter(({ found }) => found > 0).length;
  const verdict = ok
    ? 'The books verify.'
    : `${crosses} of ${checks.length} checks failed: the books were tampered with.`;
  return head === null ? `\n${verdict} Nothing is sealed yet.` : `\n${verdict} Head of the chain: ${head}`;
}

export const verificationJson = ({ ok, head, unsealedRows, checks }: Verification): string =>
  JSON.stringify({
    ok,
    head,
    unsealed_rows: unsealedRows.toString(),
    checks: checks.map(({ name, summary, found, findings, notes }) => ({
      name,
      ok: found === 0,
      summary,
      found,
      findings,
      notes,
    })),
  });
