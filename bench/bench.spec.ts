import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

import { writeBetweenMarkers } from './report/document.js';
import { formatFigure, formatTarget, isMet } from './report/figure.js';
import { renderSections } from './report/table.js';
import { median } from './run/statistics.js';

const program = new URL('../dist/bench/main.js', import.meta.url).pathname;

const resultSchema = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      machine: z.record(z.string(), z.string()),
      sections: z.array(
        z.object({
          title: z.string(),
          measurements: z.array(
            z.object({
              what: z.string(),
              value: z.number(),
              target: z.object({ exactly: z.number() }).optional().catch(undefined),
            }),
          ),
        }),
      ),
    }),
  ),
});

describe('the benchmarks', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-spec-'));
    await chmod(folder, 0o755);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** With a folder for temporary files of its own. */
  async function start(...flags: string[]): Promise<ChildProcess> {
    const temporary = await mkdtemp(join(folder, 'tmp-'));
    await chmod(temporary, 0o755);
    return spawn(process.execPath, [program, ...flags], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function run(...flags: string[]) {
    const child = await start(...flags);
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    await once(child, 'close');
    return { code: child.exitCode, ...output };
  }

  const leftovers = async (): Promise<string[]> => {
    const [temporary] = (await readdir(folder)).filter((name) => name.startsWith('tmp-'));
    return readdir(join(folder, temporary ?? ''));
  };

  it('run the books in small, with exact decisions and amounts, and leave nothing behind', async () => {
    const file = join(folder, 'figures.json');
    const { code, stdout, stderr } = await run('books', '--quick', '--json', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('dead') });
    const { results } = resultSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const measurements = results.flatMap(({ sections }) =>
      sections.flatMap((section) => section.measurements),
    );
    expect(results[0]?.machine.PostgreSQL).toContain('fsync on');
    for (const { what, value } of measurements)
      expect({ what, isFigure: value >= 0 }).toEqual({ what, isFigure: true });
    const exact = measurements.filter(({ target }) => target !== undefined);
    expect(exact).toHaveLength(3);
    for (const { value, target } of exact) expect(value).toBe(target?.exactly);
    expect(measurements.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['payments.assessment', 'payments.evidence', 'ledger.transfer']),
    );
    expect(stdout).toContain('### books: one period of 50 orchestrators');
    expect(await leftovers()).toEqual([]);
  }, 180_000);

  it('end at Ctrl-C, and leave nothing behind either', async () => {
    const child = await start('books', '--quick');
    for await (const chunk of child.stderr ?? []) if (String(chunk).includes('period 1')) break;
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(child.exitCode).toBe(130);
    expect(await leftovers()).toEqual([]);
  }, 180_000);

  it.each([
    [['nonsense'], 'There is no benchmark "nonsense"'],
    [['--nonsense'], 'Unknown option'],
    [['--quick', '--write'], 'do not go together'],
  ])('refuse %j and list what there is', async (flags, complaint) => {
    const { code, stdout, stderr } = await run(...flags);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).toMatch(/^ {2}books {2,}one period/m);
  });
});

describe('the report of a benchmark', () => {
  it.each([
    [1_234.4, 'ms', '1,234 ms'],
    [5.678, 's', '5.68 s'],
    [0.4, 'share', '0.40'],
    [1_250, 'per second', '1,250/s'],
    [Number.NaN, 'ms', '–'],
  ] as const)('writes %s %s as %s', (value, unit, text) => {
    expect(formatFigure(value, unit)).toBe(text);
  });

  it.each([
    [{ atMost: 6 }, 6, true, '≤ 6.00 s'],
    [{ atMost: 6 }, 6.01, false, '≤ 6.00 s'],
    [{ atLeast: 6 }, 5.99, false, '≥ 6.00 s'],
    [{ exactly: 6 }, 6, true, '6.00 s'],
    [undefined, 6, undefined, ''],
  ])('judges a target of %j by %s: %s', (target, value, met, text) => {
    const measurement = { what: 'it', unit: 's' as const, value, ...(target && { target }) };
    expect([isMet(measurement), formatTarget(measurement)]).toEqual([met, text]);
  });

  it('is a table of Markdown', () => {
    const measurements = [{ what: 'whole', unit: 's' as const, value: 4, worst: 5, target: { atMost: 6 } }];
    const text = renderSections('books', [{ title: 'a period', about: 'How.', measurements }]);
    expect(text).toContain('### books: a period\n\nHow.\n\n|');
    expect(text).toContain('| whole | 4.00 s   | 5.00 s | ≤ 6.00 s | ✓   |');
  });

  it('takes the middle of several, or the middle between two', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });

  it('goes between the markers of its name and leaves the rest of the document alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-spec-'));
    const file = join(folder, 'benchmarks.md');
    await writeFile(file, 'before\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\nafter\n');
    await writeBetweenMarkers(pathToFileURL(file), 'a', 'new');
    await writeBetweenMarkers(pathToFileURL(file), 'a', 'newer');
    expect(await readFile(file, 'utf8')).toBe(
      'before\n\n<!-- bench:a -->\n\nnewer\n\n<!-- /bench:a -->\n\nafter\n',
    );
    await expect(writeBetweenMarkers(pathToFileURL(file), 'b', 'new')).rejects.toThrow(/lacks the markers/);
    await rm(folder, { recursive: true });
  });
});
