import { ReportSigner, parseSignedReport, signedReportToWire } from '#monitoring';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram } from './testing/run-program.js';

/** The key whose report docs/reports.md shows. */
const signer = ReportSigner.fromPrivateKey(`0x${'11'.repeat(32)}`);
const challenge = `0x${'5a'.repeat(32)}`;
let directory: string;
let page: string;

const block = (language: string) => {
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/reports.md has no ${language} block`);
  return found;
};

async function verify(files: Record<string, string>, flags: string[] = []) {
  const paths = Object.keys(files).map((name) => join(directory, name));
  await Promise.all(Object.values(files).map((text, index) => writeFile(paths[index] ?? '', text)));
  const result = await runProgram('report', [...paths, ...flags]);
  return { ...result, out: result.out.replaceAll(`${directory}/`, '') };
}

/** The report of the page with one thing changed, signed anew by the same worker. */
function signedAnew(change: (report: ReturnType<typeof parseSignedReport>['report']) => object) {
  const { report } = parseSignedReport(JSON.parse(block('json')));
  return JSON.stringify(signedReportToWire(signer.sign({ ...report, ...change(report) })));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'verify-report-'));
  page = await readFile(new URL('../docs/reports.md', import.meta.url), 'utf8');
});

afterAll(() => rm(directory, { recursive: true }));

describe('report:verify', () => {
  it('verifies the report and the minute of docs/reports.md in the words of that page', async () => {
    const { code, out } = await verify({ 'report.json': block('json'), 'minutes.ndjson': block('ndjson') });
    expect(out).toContain(block('text'));
    expect(out).toContain('Not proven');
    expect(code).toBe(0);
  });

  it('finds the report in the answer of a job, in an assessment and in a list of them', async () => {
    const report = JSON.parse(block('json')) as unknown;
    for (const carrier of [
      { report },
      { evidence: report },
      { items: [{ evidence: report }, { evidence: null }] },
    ]) {
      const { code, out } = await verify({ 'carrier.json': JSON.stringify(carrier) });
      expect(out).toContain('✔ signature');
      expect(code).toBe(0);
    }
  });

  it('compares worker and challenge with those that are expected', async () => {
    const file = { 'report.json': block('json') };
    const right = await verify(file, ['--worker', signer.address, '--challenge', challenge]);
    expect(right.out).toContain('✔ challenge');
    expect(right.code).toBe(0);
    const wrong = await verify(file, [
      '--worker',
      `0x${'12'.repeat(20)}`,
      '--challenge',
      `0x${'5b'.repeat(32)}`,
    ]);
    expect(wrong.out).toContain('✘ worker');
    expect(wrong.out).toContain('✘ challenge');
    expect(wrong.code).toBe(1);
  });

  it.each([
    ['a millisecond that does not add up', '"up_ms": 48000', '"up_ms": 48001', '✘ form'],
    ['a changed signed number', '"inferred_up_ms": 1500', '"inferred_up_ms": 1501', '✘ signature'],
  ])('notices %s', async (_, from, to, cross) => {
    const changed = block('json').replace(from, to);
    expect(changed).not.toBe(block('json'));
    const { code, out } = await verify({ 'report.json': changed });
    expect(out).toContain(cross);
    expect(code).toBe(1);
  });

  it.each([
    [
      'other numbers than the minutes',
      () => ({ allUpMs: 47_000n }),
      'all_up_ms is 47000, by the minutes 48000',
    ],
    ['another hash than the minutes', () => ({ minuteHash: challenge }), 'minute_hash is 0x5a'],
  ])('notices a report, rightly signed, with %s', async (_, change, words) => {
    const files = { 'report.json': signedAnew(change), 'minutes.ndjson': block('ndjson') };
    const { code, out } = await verify(files);
    expect(out).toContain('✔ signature');
    expect(out).toContain('✘ journal');
    expect(out).toContain(words);
    expect(code).toBe(1);
  });

  it('notices a minute that was changed, and names its line', async () => {
    const changed = block('ndjson')
      .replace('\\"up_ms\\":60000', '\\"up_ms\\":59999')
      .replace('\\"down_ms\\":0', '\\"down_ms\\":1');
    expect(changed).not.toBe(block('ndjson'));
    const { code, out } = await verify({ 'minutes.ndjson': changed });
    expect(out).toContain('line 1: the hash is not that of its content');
    expect(code).toBe(1);
  });

  it('ends with code 2 when a file is nothing that it knows, or not there', async () => {
    expect(await verify({ 'other.json': '{"a":1}' })).toMatchObject({ code: 2 });
    expect(await runProgram('report', [join(directory, 'absent.json')])).toMatchObject({ code: 2 });
    expect(await runProgram('report', [])).toMatchObject({ code: 2 });
  });
});
